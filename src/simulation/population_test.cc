// population_test: to be written.
