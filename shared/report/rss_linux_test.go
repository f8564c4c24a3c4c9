package report_test

// rssUnit is what getrusage counts the largest resident set in (getrusage(2)).
func rssUnit() int64 { return 1 << 10 }
