package slackapp

import (
	"errors"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
)

var hash = strings.Repeat("0a", 32)

func TestValue(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		key   approval.Key
		round int64
	}{
		"1|fix|111122223333|1|" + hash + "|01KB0000000000000000000001":       {approval.Key{Account: "111122223333", Kind: approval.Fix, ID: "01KB0000000000000000000001", Hash: hash}, 1},
		"1|lift|111122223333|12|" + hash + "|2026-11-22T10:00:00.000000001Z": {approval.Key{Account: "111122223333", Kind: approval.Lift, ID: "2026-11-22T10:00:00.000000001Z", Hash: hash}, 12},
		"1|people|999988887777|1000000|" + hash + "|people":                  {approval.Key{Account: "999988887777", Kind: approval.People, ID: "people", Hash: hash}, 1_000_000},
	} {
		if got := Value(c.key, c.round); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if k, round, err := ReadValue(want); k != c.key || round != c.round || err != nil {
			t.Errorf("%q is read as %+v, %d, %v", want, k, round, err)
		}
	}
	for name, k := range map[string]approval.Key{
		"no hash": {Account: "111122223333", Kind: approval.Fix, ID: "x"}, "no kind": {Account: "111122223333", ID: "x", Hash: hash}, "a bar in the id": {Account: "111122223333", Kind: approval.Fix, ID: "x|y", Hash: hash},
		"no account": {Kind: approval.Fix, ID: "x", Hash: hash}, "a long id": {Account: "111122223333", Kind: approval.Fix, ID: strings.Repeat("x", 201), Hash: hash},
	} {
		if got := Value(k, 1); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := AllValue(approval.BatchID{Hash: hash, TS: "1800000000.000001"}); got != "1|all|"+hash+"|1800000000.000001" {
		t.Errorf("of a batch: %q", got)
	}
	if got := AllValue(approval.BatchID{Hash: hash}); got != "" {
		t.Errorf("of a batch that was not posted: %q", got)
	}
}

func TestUndoValue(t *testing.T) {
	t.Parallel()
	const want = "1|undo-of|111122223333|17"
	if got := UndoValue("111122223333", 17); got != want {
		t.Errorf("%q", got)
	}
	if chain, seq, err := ReadUndoValue(want); chain != "111122223333" || seq != 17 || err != nil {
		t.Errorf("%s, %d, %v", chain, seq, err)
	}
	for _, bad := range []string{
		"", "1", "1|undo-of|111122223333", "1|undo-of|111122223333|17|", "2|undo-of|111122223333|17", "1|all|111122223333|17", "1|undo-of|1111|17", "1|undo-of|111122223333|0", "1|undo-of|111122223333|-1",
		"1|undo-of|111122223333|017", "1|undo-of|111122223333|+17", "1|undo-of|111122223333|1e3", "1|undo-of|111122223333|99999999999999999999", "1|undo-of|111122223333|1000000000000", "1|undo-of|111122223333 |17",
	} {
		if chain, seq, err := ReadUndoValue(bad); !errors.Is(err, ErrValue) || chain != "" || seq != 0 {
			t.Errorf("%q: %s, %d, %v", bad, chain, seq, err)
		}
	}
	if got := UndoValue("shoreup", 17); got != "" {
		t.Errorf("of no account: %q", got)
	}
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Secret{
		"xoxb-1\n":                        {BotToken: "xoxb-1"},
		"https://hooks.slack.com/s/T/B/x": {Webhook: "https://hooks.slack.com/s/T/B/x"},
		`{"bot_token":"xoxb-1"}`:          {BotToken: "xoxb-1"},
		` {"webhook":"https://x"}`:        {Webhook: "https://x"},
	} {
		if got, err := ParseSecret(text); got != want || err != nil {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "{}", `{"signing_secret":"hunter2"}`, `{"bot_token":"xoxb-1","signing_secret":"hunter2"}`, `{"bot_token":"hunter2","webhook":"hunter2"}`, `{"token":"hunter2"}`, `{"bot_token":"hunter2"`, `{"bot_token":"hunter2"} x`, `{"bot_token":["hunter2"]}`} {
		if got, err := ParseSecret(text); err == nil || strings.Contains(err.Error(), "hunter2") || got != (Secret{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParseSigning(t *testing.T) {
	t.Parallel()
	if got, err := ParseSigning(` {"signing_secret":"abc"}`); got != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"", "{}", "hunter2", `"hunter2"`, `{"signing_secret":""}`, `{"bot_token":"hunter2"}`, `{"bot_token":"xoxb-1","signing_secret":"hunter2"}`, `{"signing_secret":"hunter2"} x`, `{"signing_secret":"hunter2"`} {
		if got, err := ParseSigning(text); err == nil || strings.Contains(err.Error(), "hunter2") || got != "" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// FuzzReadValue: what is read is written back to the character, so that two texts never mean the same.
func FuzzReadValue(f *testing.F) {
	f.Add("1|fix|111122223333|1|" + hash + "|01KB0000000000000000000001")
	f.Add("1|all|" + hash + "|1800000000.000001")
	f.Add("1|undo-of|111122223333|17")
	f.Add("2|fix|||||")
	f.Fuzz(func(t *testing.T, s string) {
		k, round, err := ReadValue(s)
		if err == nil && (Value(k, round) != s || len(s) > 2000) {
			t.Errorf("%q is written back as %q", s, Value(k, round))
		}
		b, errAll := ReadAllValue(s)
		if errAll == nil && AllValue(b) != s {
			t.Errorf("%q is written back as %q", s, AllValue(b))
		}
		chain, seq, errUndo := ReadUndoValue(s)
		if errUndo == nil && UndoValue(chain, seq) != s {
			t.Errorf("%q is written back as %q", s, UndoValue(chain, seq))
		}
		for _, e := range []error{err, errAll, errUndo} {
			if e != nil && !errors.Is(e, ErrValue) || err == nil && errAll == nil || err == nil && errUndo == nil || errAll == nil && errUndo == nil {
				t.Errorf("%q: %v", s, e)
			}
		}
	})
}
