package interact_test

import (
	"encoding/base64"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

func quiet(f *testing.F) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	f.Cleanup(func() { slog.SetDefault(old) })
}

// FuzzUnsigned: whatever a stranger sends, nothing is said but that somebody did, without anything of it.
func FuzzUnsigned(f *testing.F) {
	quiet(f)
	good := signed("payload=%7B%7D", noon)
	f.Add(good.Body, good.Headers["x-slack-signature"], good.Headers["x-slack-request-timestamp"], "application/x-www-form-urlencoded", "", "POST", false)
	f.Add("", "v0=", "0", "text/plain", "payload=x", "GET", true)
	f.Add("cGF5bG9hZD0=", "v0="+strings.Repeat("0", 64), "1795348800", "application/x-www-form-urlencoded", "", "POST", true)
	f.Fuzz(func(t *testing.T, body, sig, at, kind, query, method string, encoded bool) {
		w := newWorld(t)
		w.secret = "a key that no seed was signed with"
		r := interact.Request{Version: "2.0", Body: body, RawQueryString: query, IsBase64Encoded: encoded, Headers: map[string]string{
			"x-slack-signature": sig, "x-slack-request-timestamp": at, "content-type": kind,
		}}
		r.RequestContext.HTTP.Method = method
		resp := w.give(t, r)
		if resp.StatusCode < 400 || len(w.forms) != 0 || len(w.heard) != 1 || len(w.said) != 1 || w.said[0].Refused == nil || w.counts[interact.Forged] != 1 {
			t.Fatalf("answered %d, said %v, heard %v, counts %v", resp.StatusCode, w.said, w.heard, w.counts)
		}
		u := *w.said[0].Refused
		if !slices.Contains([]string{"forged", "oversized", "malformed"}, u.Code) || !w.heard["refused#"+u.Code+"#2026-11-22T12:00"] || len(u.Why) > 200 {
			t.Errorf("recorded %+v, heard %v", u, w.heard)
		}
		if u.Code, u.Why = "", ""; u != (approval.Unheard{Identity: "an unknown address", Via: "slack"}) {
			t.Errorf("recorded %+v", u)
		}
	})
}

// FuzzSigned: whatever Slack might sign, at most one word is said, it is of somebody whom the rules file knows, and it says what a button of ours can.
func FuzzSigned(f *testing.F) {
	quiet(f)
	for _, p := range []map[string]any{
		click("approve", slackapp.Value(plan, 1)), click("reject", slackapp.Value(plan, 2)), click("approve_all", slackapp.AllValue(all)),
		filled("reject", map[string]any{"reason": line("reason", "no")}), filled("exempt", exemption("r", "o", "2026-12-01")),
		filled("ask_again", map[string]any{"reason": line("reason", "once more")}),
	} {
		f.Add(formOf(f, p), false)
	}
	f.Add("ssl_check=1", true)
	f.Add("payload=%7B%22type%22%3A%5B%5B%5B%5D%5D%5D%7D", false)
	f.Fuzz(func(t *testing.T, body string, encoded bool) {
		w := newWorld(t)
		r := signed(body, noon)
		if encoded {
			r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
		}
		resp := w.give(t, r)
		if len(w.said)+len(w.forms) > 1 || resp.StatusCode >= 500 {
			t.Errorf("answered %d, said %d words, %d forms", resp.StatusCode, len(w.said), len(w.forms))
		}
		for _, s := range w.said {
			harmless(t, s)
			if s.Refused == nil && (resp.StatusCode != 200 || w.counts[interact.Heard] != 1) {
				t.Errorf("a word was passed on and answered with %d, counts %v", resp.StatusCode, w.counts)
			}
		}
		for _, form := range w.forms {
			if value, _, _ := strings.Cut(form.Metadata, " "); len(form.Metadata) > 3000 || !known(value) {
				t.Errorf("a form about %q", form.Metadata)
			}
		}
	})
}

func known(value string) bool {
	_, _, err := slackapp.ReadValue(value)
	return err == nil
}

// harmless asserts what must hold of every word that is passed on.
func harmless(t *testing.T, s approval.Said) {
	t.Helper()
	identity := func(id string) {
		if id != ada && id != "W0BO000001" {
			t.Errorf("a word of %q", id)
		}
	}
	switch {
	case s.Answer != nil:
		identity(s.Answer.Identity)
		if slackapp.Value(s.Answer.Key, s.Answer.Round) == "" || s.Answer.Verdict == approval.No && strings.TrimSpace(s.Answer.Why) == "" || len([]rune(s.Answer.Why)) > 500 {
			t.Errorf("an answer %+v", s.Answer)
		}
	case s.Again != nil:
		identity(s.Again.Identity)
		if slackapp.Value(s.Again.Key, 1) == "" || !slackapp.AskedAgain(s.Again.Key.Kind) || strings.TrimSpace(s.Again.Why) == "" || len([]rune(s.Again.Why)) > 500 {
			t.Errorf("asking again %+v", s.Again)
		}
	case s.Exempt != nil:
		identity(s.Exempt.Identity)
		if s.Exempt.Exemption.Check(noon) != nil || s.Exempt.Key.Kind != approval.Fix || slackapp.Value(s.Exempt.Key, 1) == "" {
			t.Errorf("an exemption %+v", s.Exempt)
		}
	case s.All != nil:
		identity(s.All.Identity)
		if slackapp.AllValue(s.All.Batch) == "" {
			t.Errorf("a batch %+v", s.All)
		}
	case s.Refused == nil || s.Refused.Code == "" || len(s.Refused.Why) > 600 || len(s.Refused.Identity) > 200:
		t.Errorf("a refused word %+v", s.Refused)
	}
}
