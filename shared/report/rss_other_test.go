//go:build !linux

package report_test

// rssUnit is what getrusage counts the largest resident set in: bytes on macOS.
func rssUnit() int64 { return 1 }
