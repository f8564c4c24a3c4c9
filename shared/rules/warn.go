package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/wildcard"
)

const (
	soon    = 14 * 24 * time.Hour  // exceptions that end within this are warned about
	tooLong = 366 * 24 * time.Hour // exceptions should be looked at again at least once a year
)

// Warning is something that loads but is probably not meant.
type Warning struct {
	Line int    `json:"line"`
	Path string `json:"path"`
	Text string `json:"text"`
}

// Warnings lists what people should look at, in the order of the file's sections. Known may be empty: then what entries say of controls is not looked at.
func (f *File) Warnings(now time.Time, known Known) []Warning {
	if f == nil {
		return []Warning{{Text: "the rules file could not be read, so nothing is changed anywhere"}}
	}
	var out []Warning
	warn := func(line int, path, format string, args ...any) {
		out = append(out, Warning{Line: line, Path: path, Text: fmt.Sprintf(format, args...)})
	}
	never := func(line int, path string, m Match, freed string) {
		for _, text := range f.never(m, freed, known) {
			warn(line, path, "%s", text)
		}
	}
	for i, r := range f.Rules {
		path, freed, left := fmt.Sprintf("rules[%d]", i), "", ""
		if r.Mode == Auto {
			freed = notByRegion
		} else {
			left = keptByRegion
		}
		never(r.Line, path+".match", r.Match, freed)
		never(r.Line, path+".except", r.Except, left)
		f.warnRule(r, path, warn)
	}
	for i, e := range f.Exceptions {
		never(e.Line, exceptionName(i), e.match(), "")
		warnException(e, now, exceptionName(i), warn)
	}
	for i, l := range f.Limits {
		never(l.Line, fmt.Sprintf("limits[%d]", i), l.Match, "")
	}
	for i, fr := range f.Freezes {
		path := fmt.Sprintf("freezes[%d]", i)
		never(fr.Line, path, fr.Match, "")
		if fr.Weekly == nil && !now.Before(fr.To) {
			warn(fr.Line, path, "freeze %s ended on %s; remove it", fr.Name, fr.To.Format(time.DateOnly))
		}
	}
	sensitive := core.SensitivePorts()
	for _, port := range f.KeepPorts {
		if name, bad := sensitive[int32(port)]; bad {
			warn(0, "keep_ports", "port %d (%s) is never kept open to the world, whatever stands here: shoreup closes it; remove it, or write an exception for the security group", port, name)
		}
	}
	if f.KillSwitch {
		warn(0, "kill_switch", "the kill switch is on: nothing is written")
	}
	for i, a := range f.Approvals {
		never(a.Line, fmt.Sprintf("approvals[%d]", i), a.Match, "")
	}
	return out
}

type warner func(line int, path, format string, args ...any)

func (f *File) warnRule(r Rule, path string, warn warner) {
	for _, other := range f.Rules {
		if other.Mode < r.Mode && len(other.Match.Tags) == 0 && other.Except.empty() && other.Match.includes(r.Match) {
			warn(r.Line, path, "rule %s never has its way: rule %s (line %d) matches all it matches and says %s", r.Name, other.Name, other.Line, other.Mode)
			return
		}
	}
}

// includes tells whether m surely matches all that other matches. It may miss some such pairs.
func (m Match) includes(other Match) bool {
	return widens(m.Controls, other.Controls) && widens(m.Families, other.Families) && widens(m.Services, other.Services) &&
		widens(m.Severities, other.Severities) && widens(m.Accounts, other.Accounts) && widens(m.Groups, other.Groups) &&
		widens(m.Regions, other.Regions) && widens(m.Resources, other.Resources) && widens(m.Origin, other.Origin)
}

func widens(wide, narrow []string) bool {
	if len(wide) == 0 {
		return true
	}
	covered := func(n string) bool {
		return slices.ContainsFunc(wide, func(w string) bool { return w == n || (!hasWildcard(n) && wildcard.Match(w, n)) || w == "*" })
	}
	for _, n := range narrow {
		if !covered(n) {
			return false
		}
	}
	return len(narrow) > 0
}

func warnException(e Exception, now time.Time, path string, warn warner) {
	left := e.Expires.Sub(now)
	switch {
	case left <= 0:
		warn(e.Line, path, "ran out after %s and no longer counts (owner %s)", lastDay(e), e.Owner)
	case left <= soon:
		warn(e.Line, path, "runs out after %s (owner %s)", lastDay(e), e.Owner)
	case left > tooLong:
		warn(e.Line, path, "holds for more than a year (until %s); look at exceptions at least once a year", lastDay(e))
	}
	if hasWildcard(e.Resource) {
		warn(e.Line, path, "covers every resource called like %s: whoever may create one may exempt it; name them in full", e.Resource)
	}
}
