package core

import "fmt"

// Count says how many for people: "1 rule", "2 rules". The noun takes an s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
