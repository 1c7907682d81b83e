// play_http_test: to be written.
