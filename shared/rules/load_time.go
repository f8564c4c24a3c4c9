package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // a function's image may have no time zones, and a zone that cannot be found would stop everything
)

func quoted(s string) string { return strconv.Quote(s) }

func (d *decoder) exception(n *node, path string) {
	e := Exception{Line: n.line}
	for _, p := range n.pairs {
		if p.key == "tags" {
			d.fail(&node{line: p.line, col: p.col}, path+".tags", "tags never exempt; name the resource or the account")
			return
		}
	}
	ok := d.object(n, path, map[string]field{
		"control":  func(n *node, p string) { e.Controls = d.controls(n, p) },
		"resource": func(n *node, p string) { e.Resource = d.checked(n, p, checkResource) },
		"account": func(n *node, p string) {
			e.Account = d.checked(n, p, checkAccount)
			d.requireAccount(n, p, e.Account)
		},
		"region":  func(n *node, p string) { e.Region = d.checked(n, p, checkRegion) },
		"owner":   func(n *node, p string) { e.Owner = d.text(n, p, 200) },
		"reason":  func(n *node, p string) { e.Reason = d.text(n, p, 500) },
		"expires": func(n *node, p string) { e.Expires = d.date(n, p).AddDate(0, 0, 1) },
	}, "control", "owner", "reason", "expires")
	if ok && e.Account == "" && !namesResource(e.Resource) {
		d.fail(n, path, "covers everything: give a resource with at least three letters or digits beside its wildcards and hyphens (logs-*, not tg-*), or an account")
	}
	if ok && e.Account == "" && e.Resource == "" {
		d.fail(n, path, "field resource or account is missing")
	}
	d.file.Exceptions = append(d.file.Exceptions, e)
}

// controls reads one control or a list of them.
func (d *decoder) controls(n *node, path string) []string {
	if n.kind == kindList {
		return d.texts(n, path, 100, checkControl)
	}
	return []string{d.checked(n, path, checkControl)}
}

func (d *decoder) date(n *node, path string) time.Time {
	day, err := time.Parse(time.DateOnly, n.text)
	if n.kind != kindString || err != nil || day.Year() < 2000 || day.Year() > 2999 {
		d.fail(n, path, "must be a day like 2027-01-31 (the last one on which it holds, in UTC)")
	}
	return day
}

func (d *decoder) limit(n *node, path string) {
	l := LimitRule{Line: n.line}
	d.object(n, path, map[string]field{
		"controls": func(n *node, p string) { l.Match.Controls = d.texts(n, p, maxList, checkControlPattern) },
		"accounts": func(n *node, p string) { l.Match.Accounts = d.knownAccounts(n, p) },
		"groups":   func(n *node, p string) { l.Match.Groups = d.knownGroups(n, p) },
		"max":      func(n *node, p string) { l.Max = d.number(n, p, 0, 10000) },
		"per":      d.word("hour"),
		"scope":    d.word("account"),
	}, "max", "per")
	d.file.Limits = append(d.file.Limits, l)
}

// word reads a field that has only one value so far, written so that the file can be read without a manual.
func (d *decoder) word(only string) field {
	return func(n *node, path string) {
		if n.kind != kindString || n.text != only {
			d.fail(n, path, "must be %s", only)
		}
	}
}

func (d *decoder) freeze(n *node, path string) {
	f := Freeze{Line: n.line}
	ok := d.object(n, path, map[string]field{
		"name":     func(n *node, p string) { f.Name = d.checked(n, p, checkSlug) },
		"from":     func(n *node, p string) { f.From = d.instant(n, p) },
		"to":       func(n *node, p string) { f.To = d.instant(n, p) },
		"weekly":   func(n *node, p string) { f.Weekly = d.weekly(n, p) },
		"accounts": func(n *node, p string) { f.Match.Accounts = d.knownAccounts(n, p) },
		"groups":   func(n *node, p string) { f.Match.Groups = d.knownGroups(n, p) },
		"regions":  func(n *node, p string) { f.Match.Regions = d.texts(n, p, 50, checkRegion) },
	}, "name")
	dated, complete := !f.From.IsZero() || !f.To.IsZero(), !f.From.IsZero() && !f.To.IsZero()
	switch {
	case !ok || len(d.problems) > 0: // what follows would only repeat it
	case dated == (f.Weekly != nil) || (dated && !complete):
		d.fail(n, path, "needs either from and to, or weekly")
	case dated && !f.From.Before(f.To):
		d.fail(n, path, "ends before it begins; from must be earlier than to")
	case slices.ContainsFunc(d.file.Freezes, func(other Freeze) bool { return other.Name == f.Name }):
		d.fail(n, path, "another freeze is called %q; give each its own name", f.Name)
	}
	d.file.Freezes = append(d.file.Freezes, f)
}

func (d *decoder) instant(n *node, path string) time.Time {
	t, err := time.Parse(time.RFC3339, n.text)
	if n.kind != kindString || err != nil || t.Year() < 2000 || t.Year() > 2999 {
		d.fail(n, path, "must be a time with its zone, like 2026-12-20T00:00:00Z or 2026-12-20T00:00:00+01:00")
		return time.Time{}
	}
	return t
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (d *decoder) weekly(n *node, path string) *Weekly {
	w := &Weekly{To: 24 * 60, Zone: time.UTC}
	d.object(n, path, map[string]field{
		"days": func(n *node, p string) {
			for _, day := range d.texts(n, p, 7, oneOf(weekdays)) {
				w.Days = append(w.Days, time.Weekday(slices.Index(weekdays, day)))
			}
		},
		"from":     func(n *node, p string) { w.From = d.clock(n, p) },
		"to":       func(n *node, p string) { w.To = d.clock(n, p) },
		"timezone": func(n *node, p string) { w.Zone = d.zone(n, p) },
	}, "days")
	if w.From >= w.To {
		d.fail(n, path, `from must be earlier than to on the same day; for a night write two windows, one to "24:00" and one from "00:00"`)
	}
	return w
}

var clockShape = regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)

// clock gives minutes after midnight.
func (d *decoder) clock(n *node, path string) int {
	var hour, minute int
	if n.kind != kindString || !clockShape.MatchString(n.text) {
		d.fail(n, path, `must be a time of day in quotes, from "00:00" to "24:00"`)
		return 0
	}
	if _, err := fmt.Sscanf(n.text, "%d:%d", &hour, &minute); err != nil {
		d.fail(n, path, `must be a time of day in quotes, from "00:00" to "24:00"`)
	}
	return hour*60 + minute
}

// zone refuses "Local", which would mean another time on each machine.
func (d *decoder) zone(n *node, path string) *time.Location {
	name := d.text(n, path, 64)
	zone, err := time.LoadLocation(name)
	if name == "" || name == "Local" || err != nil {
		d.fail(n, path, "%q is no time zone; write one like Europe/Berlin, or UTC", name)
		return time.UTC
	}
	return zone
}

func (d *decoder) slack(n *node, path string) {
	channel := func(to *string) field {
		return func(n *node, p string) { *to = d.checked(n, p, checkChannel) }
	}
	s := &d.file.Slack
	d.object(n, path, map[string]field{
		"channel": channel(&s.Channel),
		"team":    func(n *node, p string) { s.Team = d.checked(n, p, checkTeam) },
		"page":    func(n *node, p string) { s.Page = d.checked(n, p, checkPage) },
		"routes": func(n *node, p string) {
			d.list(n, p, 100, func(n *node, p string) {
				r := Route{}
				d.object(n, p, map[string]field{
					"match": func(n *node, p string) {
						r.Match = d.match(n, p, []string{"severities", "families", "accounts", "groups"})
					},
					"channel": channel(&r.Channel),
				}, "match", "channel")
				s.Routes = append(s.Routes, r)
			})
		},
	})
}
