package controltest

import (
	"encoding/json"
	"slices"
	"strings"
)

// diffLines compares lists of lines; empty: they are the same. Every line is shown in full, unlike go-cmp's, which shortens what a case has to be mended from.
func diffLines(want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	common := commonLengths(want, got)
	var out strings.Builder
	line := func(mark, text string) { out.WriteString("  " + mark + " " + text + "\n") }
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			line(" ", want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			line("-", want[i])
			i++
		default:
			line("+", got[j])
			j++
		}
	}
	return out.String()
}

// commonLengths gives for each pair of positions how many lines the two rests have in common, in order.
func commonLengths(a, b []string) [][]int {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}

// diffJSON compares two values by their indented JSON, so that each difference stands on a line of its own.
func diffJSON(want, got any) string {
	w, err := indented(want)
	if err != nil {
		return err.Error()
	}
	g, err := indented(got)
	if err != nil {
		return err.Error()
	}
	return diffLines(w, g)
}

func indented(v any) ([]string, error) {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return strings.Split(strings.TrimSpace(out.String()), "\n"), err
}
