// world_test: to be written.
