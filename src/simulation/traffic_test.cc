// traffic_test: to be written.
