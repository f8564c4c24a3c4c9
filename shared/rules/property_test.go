package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shoreup/shoreup/shared/rules"
	"pgregory.net/rapid"
)

// Small alphabets, so that rules and subjects meet often.
var (
	someControls = []string{"s3-bucket-public", "s3-bucket-tls", "iam-key-old", "ec2-volume-unencrypted"}
	somePatterns = append([]string{"*", "s3-*", "*-public"}, someControls...)
	someOrigins  = []string{"event", "sweep", "config", "securityhub", "guardduty", "cli"}
	someRegions  = []string{"eu-west-1", "us-east-1"}
	someValues   = []string{"dev", "prod"}
)

func list(t *rapid.T, label string, from []string) string {
	picked := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 2, rapid.ID).Draw(t, label)
	for i, p := range picked {
		picked[i] = fmt.Sprintf("%q", p)
	}
	return "[" + strings.Join(picked, ", ") + "]"
}

// drawRule writes one rule; number makes its name its own.
func drawRule(t *rapid.T, number int) string {
	maybe := func(label string) bool { return rapid.Bool().Draw(t, label) }
	mode := rapid.SampledFrom([]string{"report", "approve", "auto"}).Draw(t, "mode")
	var match []string
	if mode == "auto" || maybe("by control") {
		match = append(match, "controls: "+list(t, "controls", somePatterns))
	}
	if maybe("by family") {
		match = append(match, "families: "+list(t, "families", []string{"storage", "iam"}))
	}
	if maybe("by account") {
		match = append(match, "accounts: "+list(t, "accounts", []string{prod, sandbox}))
	}
	if maybe("by Region") {
		match = append(match, "regions: "+list(t, "regions", someRegions))
	}
	if mode != "auto" && maybe("by tag") {
		match = append(match, "tags: { env: "+list(t, "values", someValues)+" }")
	}
	if maybe("by origin") {
		match = append(match, "origin: "+rapid.SampledFrom([]string{"[event]", "[event, late-event]", "[sweep]", "[sweep, event]", "[config, cli]"}).Draw(t, "origins"))
	}
	except := ""
	if maybe("except") {
		except = "except: { controls: " + list(t, "left out", somePatterns) + " }, "
	} else if maybe("except by Region") {
		except = "except: { regions: " + list(t, "left out", someRegions) + " }, "
	}
	return fmt.Sprintf("  - { name: r%d, match: { %s }, %smode: %s }\n", number, strings.Join(match, ", "), except, mode)
}

func drawRules(t *rapid.T) []string {
	out := make([]string, rapid.IntRange(0, 5).Draw(t, "rules"))
	for i := range out {
		out[i] = drawRule(t, i)
	}
	return out
}

func fileOf(rules []string, rest string) string {
	text := "version: 1\ntrusted_tags: [env]\n" + rest
	if len(rules) > 0 {
		text += "rules:\n" + strings.Join(rules, "")
	}
	return text
}

func drawSubject(t *rapid.T) rules.Subject {
	return bucket(func(s *rules.Subject) {
		s.Control = rapid.SampledFrom(someControls).Draw(t, "control")
		s.Family = rapid.SampledFrom([]string{"storage", "iam"}).Draw(t, "family")
		s.Region = rapid.SampledFrom(someRegions).Draw(t, "region")
		s.Account = rapid.SampledFrom([]string{prod, sandbox}).Draw(t, "account")
		s.Origin = rapid.SampledFrom(someOrigins).Draw(t, "origin")
		s.EventTime = now.Add(-time.Duration(rapid.IntRange(0, 120).Draw(t, "minutes")) * time.Minute)
		s.AccountWide = rapid.Bool().Draw(t, "account-wide")
		if rapid.Bool().Draw(t, "website") {
			s.NeverAuto = []string{"website"}
		}
	})
}

func load(t *rapid.T, text string) *rules.File {
	f, err := rules.Load([]byte(text))
	if err != nil {
		t.Fatalf("loading\n%s\n%v", text, err)
	}
	return f
}

// What makes a case less safe to automate must never make it more automatic.
func TestNothingUntrustedRaisesADecision(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*rules.Subject){
		"a tag":              func(s *rules.Subject) { s.Tags = map[string]string{"env": "prod"} },
		"another tag":        func(s *rules.Subject) { s.Tags = map[string]string{"env": "dev", "exempt": "true"} },
		"age":                func(s *rules.Subject) { s.EventTime = s.EventTime.Add(-time.Hour) },
		"an unknown age":     func(s *rules.Subject) { s.EventTime = time.Time{} },
		"doubts":             func(s *rules.Subject) { s.NeverAuto = append(s.NeverAuto, "CloudFront reads it") },
		"protection":         func(s *rules.Subject) { s.Protected = "listed" },
		"the whole account":  func(s *rules.Subject) { s.AccountWide = true },
		"IAM":                func(s *rules.Subject) { s.IAM = true },
		"being global":       func(s *rules.Subject) { s.Global = true },
		"a missing severity": func(s *rules.Subject) { s.Severity = "" },
	}
	// What is global stays with a rule that leaves it out by Region only, and that rule may ask people about what is only reported otherwise.
	keepsARule := map[string]bool{"IAM": true, "being global": true}
	rapid.Check(t, func(t *rapid.T) {
		text := fileOf(drawRules(t), "")
		f, before := load(t, text), drawSubject(t)
		for name, change := range changes {
			after := before
			after.NeverAuto = slices.Clone(before.NeverAuto)
			change(&after)
			a, b := f.Decide(before, now), f.Decide(after, now)
			if keepsARule[name] && b.Mode == rules.Approve {
				continue
			}
			if b.Mode.Automation() > a.Mode.Automation() {
				t.Fatalf("%s raised %s to %s (%s)\n%s", name, a.Mode, b.Mode, b.Reason, text)
			}
		}
	})
}

// Order means nothing, and a careful rule holds whatever stands beside it.
func TestRulesCanBeReadAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawn, s := drawRules(t), drawSubject(t)
		base := load(t, fileOf(drawn, "")).Decide(s, now)
		shuffled := rapid.Permutation(drawn).Draw(t, "order")
		if got := load(t, fileOf(shuffled, "")).Decide(s, now); got.Mode != base.Mode {
			t.Fatalf("order changed %s to %s\n%s", base.Mode, got.Mode, fileOf(drawn, ""))
		}
		for i := range drawn {
			alone := load(t, fileOf(drawn[i:i+1], "defaults: { mode: approve }\n")).Explain(s, now)
			if matched(alone, "rule") && base.Mode.Automation() > ruleMode(alone).Automation() {
				t.Fatalf("%s although a rule says %s\n%s", base.Mode, ruleMode(alone), fileOf(drawn, ""))
			}
		}
	})
}

func matched(t rules.Trace, kind string) bool {
	return slices.ContainsFunc(t.Steps, func(s rules.Step) bool { return s.Kind == kind && s.Hit })
}

// ruleMode is the mode right after the only rule had its say.
func ruleMode(t rules.Trace) rules.Mode {
	i := slices.IndexFunc(t.Steps, func(s rules.Step) bool { return s.Kind == "rule" && s.Hit })
	return t.Steps[i].Mode
}

// Whatever is added to hold shoreup back does so.
func TestBrakesOnlyBrake(t *testing.T) {
	t.Parallel()
	brakes := []string{
		"kill_switch: true\n",
		"freezes: [ { name: f, from: 2026-11-01T00:00:00Z, to: 2026-12-01T00:00:00Z } ]\n",
		"accounts: [ { id: \"444455556666\" }, { id: \"111122223333\", regions: [us-east-1] } ]\n",
		"protected_principals: [ \"arn:aws:iam::*:role/x/*\" ]\n",
		"exceptions: [ { control: s3-bucket-public, resource: logs-eu, owner: a, reason: b, expires: 2027-01-01 } ]\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		drawn, s := drawRules(t), drawSubject(t)
		free := load(t, fileOf(drawn, "")).Decide(s, now)
		brake := rapid.SampledFrom(brakes).Draw(t, "brake")
		got := load(t, fileOf(drawn, brake)).Decide(s, now)
		if got.Mode.Automation() > free.Mode.Automation() {
			t.Fatalf("%s raised %s to %s", brake, free.Mode, got.Mode)
		}
		if stops := brake == brakes[0] || brake == brakes[1]; stops && got.Mode.Writes() {
			t.Fatalf("%s let %s through", brake, got.Mode)
		}
	})
}

// Explain and Decide agree, the last step is the decision, and decisions come from the file alone.
func TestExplainIsTheDecision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		drawn, s := drawRules(t), drawSubject(t)
		f := load(t, fileOf(drawn, ""))
		trace := f.Explain(s, now)
		if diff := cmp.Diff(trace.Decision, f.Decide(s, now)); diff != "" {
			t.Fatalf("Explain and Decide differ:\n%s", diff)
		}
		d, last := trace.Decision, trace.Steps[len(trace.Steps)-1]
		if last.Kind != "decision" || last.Mode != d.Mode || last.Text != d.Reason || last.Name != d.Rule || d.Reason == "" {
			t.Fatalf("the last step %+v is not the decision %+v", last, d)
		}
		i := slices.IndexFunc(f.Rules, func(r rules.Rule) bool { return r.Name == d.Rule })
		if i < 0 && (d.Rule != "default" || d.Mode != rules.Report) {
			t.Fatalf("%+v comes from no rule of the file", d)
		}
		if i >= 0 && d.Mode > f.Rules[i].Mode {
			t.Fatalf("%+v says more than its rule %+v", d, f.Rules[i])
		}
	})
}

// Old findings are automatic only where an auto rule names where they came from.
func TestOldFindingsNeedAnEntryOfTheirOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, s := load(t, fileOf(drawRules(t), "")), drawSubject(t)
		if f.Decide(s, now).Mode != rules.Auto || (s.Origin == "event" && now.Sub(s.EventTime) < time.Hour) {
			return
		}
		word := s.Origin
		if word == "event" {
			word = "late-event"
		}
		if !slices.ContainsFunc(f.Rules, func(r rules.Rule) bool { return r.Mode == rules.Auto && slices.Contains(r.Match.Origin, word) }) {
			t.Fatalf("auto for an old finding of origin %s with rules %+v", word, f.Rules)
		}
	})
}

func TestRandomBytesNeverPermit(t *testing.T) {
	t.Parallel()
	words := []string{"version: 1\n", "rules:\n", "  - ", "name: a\n", "    match: {}\n", "    mode: ", "auto", "approve", "\n", "defaults: { mode: ", "}", "{", "- ", " ", "controls: [\"*\"]", "&a ", "*a", "!!str ", "kill_switch: false\n", "\"", "'", "#", "~"}
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 20).Draw(t, "words"), ""))
		if rapid.Bool().Draw(t, "noise") {
			data = append(data, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")...)
		}
		f, err := rules.Load(data)
		if (f == nil) != (err != nil) {
			t.Fatalf("file %v with error %v", f, err)
		}
		if mode := f.Decide(bucket(), now).Mode; mode.Writes() && !strings.Contains(string(data), "mode: "+mode.String()) {
			t.Fatalf("%q decides %s", data, mode)
		}
	})
}
