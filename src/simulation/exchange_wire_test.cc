// exchange_wire_test: to be written.
