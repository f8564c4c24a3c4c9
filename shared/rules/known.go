package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// Known is what the catalogue offers. An empty list leaves that kind unchecked.
type Known struct {
	Controls, Families, Services []string
	// NeverAuto are the controls that are never automatic: IAM, and settings of the whole account.
	NeverAuto []string
	// Each tells of every control what entries go by, to find those that can never match.
	Each []KnownControl
}

// KnownControl is a control of the catalogue in the words of rules files.
type KnownControl struct {
	ID, Family, Service, Severity string
	Global                        bool // as in [Subject]
}

// Check finds what the file says about things that do not exist, and auto for what never is. It is apart from [Load], which knows no catalogue, and
// a file that does not pass is not used either: an exception or a careful rule with a typing error would protect nothing.
func (f *File) Check(known Known) error {
	c := checker{known: known}
	for i, r := range f.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		c.match(r.Match, r.Line, path+".match")
		c.match(r.Except, r.Line, path+".except")
		c.auto(r, path)
	}
	for i, e := range f.Exceptions {
		c.match(Match{Controls: e.Controls}, e.Line, exceptionName(i))
	}
	for i, l := range f.Limits {
		c.match(l.Match, l.Line, fmt.Sprintf("limits[%d]", i))
	}
	if len(c.problems) == 0 {
		return nil
	}
	return &LoadError{Problems: c.problems}
}

type checker struct {
	known    Known
	problems []Problem
}

func (c *checker) add(line int, path, format string, args ...any) {
	c.problems = append(c.problems, Problem{Line: line, Column: 1, Path: path, Text: fmt.Sprintf(format, args...)})
}

// match looks up names; a pattern must fit at least one.
func (c *checker) match(m Match, line int, path string) {
	for _, list := range []struct {
		what        string
		have, known []string
	}{{"control", m.Controls, c.known.Controls}, {"family", m.Families, c.known.Families}, {"service", m.Services, c.known.Services}} {
		for _, name := range list.have {
			if len(list.known) > 0 && len(fitting(name, list.known)) == 0 {
				c.add(line, path, "no %s is called %s; known: %s", list.what, name, strings.Join(nearest(name, list.known), ", "))
			}
		}
	}
}

// auto refuses a rule that asks for what it can never have. One that names others as well is lowered when it decides.
func (c *checker) auto(r Rule, path string) {
	if r.Mode != Auto {
		return
	}
	for _, name := range r.Match.Controls {
		named := fitting(name, c.known.Controls)
		if len(named) > 0 && !slices.ContainsFunc(named, func(n string) bool { return !slices.Contains(c.known.NeverAuto, n) }) {
			c.add(r.Line, path, "%s is never automatic, since it changes IAM or the whole account: write approve", name)
		}
	}
	for _, name := range append(slices.Clone(r.Match.Families), r.Match.Services...) {
		if name == "iam" {
			c.add(r.Line, path, "changes in IAM are never automatic: write approve")
		}
	}
}

func fitting(name string, known []string) []string {
	return slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !wildcard.Match(name, k) })
}

// nearest gives the known controls that begin with the same word.
func nearest(name string, known []string) []string {
	word, _, _ := strings.Cut(name, "-")
	var out []string
	for _, k := range known {
		if strings.HasPrefix(k, word+"-") {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return known
	}
	return out
}
