package review

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
)

func yes() Word {
	return Word{Verdict: Approve, Ref: fix().String(), Hash: hash, Via: "cli"}
}

func TestWordsTravel(t *testing.T) {
	t.Parallel()
	key := fix().Key
	for name, tt := range map[string]struct {
		word Word
		want approval.Said
	}{
		"approve": {yes(), approval.Said{Answer: &approval.Answer{Key: key, Round: 1, Verdict: approval.Yes, Identity: "sso:ada", Via: "cli"}}},
		"reject": {
			Word{Verdict: Reject, Ref: fix().String(), Hash: hash, Reason: "not now, it is \"Friday\"", Via: "page"},
			approval.Said{Answer: &approval.Answer{Key: key, Round: 1, Verdict: approval.No, Identity: "sso:ada", Via: "review", Why: `not now, it is "Friday"`}},
		},
		"exempt": {
			Word{Verdict: Exempt, Ref: fix().String(), Hash: hash, Reason: "on purpose", Until: "2026-12-31", Owner: "team-web", Via: "cli"},
			approval.Said{Exempt: &approval.Exempting{Key: key, Identity: "sso:ada", Exemption: approval.Exemption{Owner: "team-web", Reason: "on purpose", Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)}}},
		},
		"exempt without an owner": {
			Word{Verdict: Exempt, Ref: fix().String(), Hash: hash, Reason: "on purpose", Until: "2026-12-31", Via: "page"},
			approval.Said{Exempt: &approval.Exempting{Key: key, Identity: "sso:ada", Exemption: approval.Exemption{Owner: "sso:ada", Reason: "on purpose", Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)}}},
		},
		"ask":  {Word{Verdict: Ask, Ref: fix().String(), Hash: hash, Reason: "the incident is over", Via: "page"}, approval.Said{Again: &approval.Againing{Key: key, Round: 1, Why: "the incident is over", Identity: "sso:ada"}}},
		"undo": {Word{Verdict: Undo, Record: "111122223333/18", Reason: "the site is down", Via: "page"}, approval.Said{Undo: &approval.Undoing{Account: "111122223333", Seq: 18, Why: "the site is down", Identity: "sso:ada"}}},
		"lift": {Word{Verdict: Lift, Reason: "it was a drill", Via: "cli"}, approval.Said{Lift: &approval.Lifting{Why: "it was a drill", Identity: "sso:ada"}}},
	} {
		body, err := tt.word.Text()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseWord(body)
		if err != nil || read != tt.word {
			t.Errorf("%s: %s was read as %+v, %v", name, body, read, err)
		}
		got, err := read.Said("sso:ada")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// badBodies are bodies that are no word.
func badBodies() map[string]string {
	ref := fix().String()
	with := func(verdict, rest string) string {
		return `{"verdict":"` + verdict + `","ref":"` + ref + `","hash":"` + hash + `","via":"cli"` + rest + `}`
	}
	undo := func(record string) string {
		return `{"verdict":"undo","reason":"x","via":"cli","record":"` + record + `"}`
	}
	return map[string]string{
		"empty": "", "null": "null", "a list": "[]", "a list of words": "[" + with("approve", "") + "]", "a string": `"approve"`, "a number": "1", "true": "true", "an empty object": "{}",
		"not JSON": "verdict=approve", "half": with("approve", "")[:40], "two words": with("approve", "") + with("reject", ""), "two on two lines": with("approve", "") + "\n" + with("approve", ""),
		"something behind": with("approve", "") + "x", "a comma at the end": strings.Replace(with("approve", ""), "}", ",}", 1), "a comment": with("approve", "") + "// yes",
		"single quotes": strings.ReplaceAll(with("approve", ""), `"`, "'"), "not UTF-8": strings.Replace(with("reject", `,"reason":"x"`), `"x"`, "\"\xff\"", 1),
		"an identity": with("approve", `,"identity":"sso:ada"`), "a user": with("approve", `,"user":"ada"`), "a person": with("approve", `,"person":"ada"`), "a userArn": with("approve", `,"userArn":"arn:aws:iam::111122223333:user/ada"`),
		"a requestContext": with("approve", `,"requestContext":{"authorizer":{"iam":{"userArn":"arn:aws:iam::111122223333:user/ada"}}}`),
		"verdict twice":    with("reject", `,"verdict":"approve","reason":"x"`), "ref twice": with("approve", `,"ref":"`+ref+`"`), "another key in capitals": with("approve", `,"Verdict":"approve"`),
		"capitals": strings.Replace(with("approve", ""), "verdict", "VERDICT", 1), "an unknown key": with("approve", `,"force":"true"`), "an empty key": with("approve", `,"":""`),
		"the key of a prototype": with("approve", `,"__proto__":"x"`), "an escaped duplicate": with("approve", `,"\u0076erdict":"approve"`),
		"verdict null": strings.Replace(with("approve", ""), `"approve"`, "null", 1), "verdict true": strings.Replace(with("approve", ""), `"approve"`, "true", 1), "verdict 1": strings.Replace(with("approve", ""), `"approve"`, "1", 1),
		"verdict a list": strings.Replace(with("approve", ""), `"approve"`, `["approve"]`, 1), "verdict an object": strings.Replace(with("approve", ""), `"approve"`, `{"is":"approve"}`, 1),
		"no verdict": with("", ""), "yes": with("yes", ""), "Approve": with("Approve", ""), "approve with a blank": with("approve ", ""), "apply": with("apply", ""), "undo": with("undo", `,"reason":"x"`),
		"no ref": `{"verdict":"approve","hash":"` + hash + `","via":"cli"}`, "a wrong ref": strings.Replace(with("approve", ""), ref, "fix/1/1/1/1", 1), "a ref with a table key": strings.Replace(with("approve", ""), "01KB", "#people", 1),
		"no hash": `{"verdict":"approve","ref":"` + ref + `","via":"cli"}`, "another hash": strings.Replace(with("approve", ""), `"hash":"0`, `"hash":"1`, 1), "a short hash": strings.Replace(with("approve", ""), `"hash":"`+hash, `"hash":"`+hash[:12], 1),
		"no via": `{"verdict":"approve","ref":"` + ref + `","hash":"` + hash + `"}`, "via slack": strings.Replace(with("approve", ""), `"cli"`, `"slack"`, 1),
		"reject without a reason": with("reject", ""), "reject with blanks for a reason": with("reject", `,"reason":"  "`), "a reason too long": with("reject", `,"reason":"`+strings.Repeat("x", 501)+`"`),
		"a reason with a control character": with("reject", `,"reason":"a\u0000b"`), "a reason with an escape": with("reject", `,"reason":"\u001b[31m"`), "a reason with two lines": with("reject", `,"reason":"a\nb"`),
		"a reason that turns around": with("reject", `,"reason":"a\u202eb"`), "a reason with half a character": with("reject", `,"reason":"\ud800"`),
		"approve until": with("approve", `,"until":"2026-12-31"`), "approve with an owner": with("approve", `,"owner":"me"`),
		"exempt without a day": with("exempt", `,"reason":"x"`), "exempt until never": with("exempt", `,"reason":"x","until":"never"`), "exempt until a moment": with("exempt", `,"reason":"x","until":"2026-12-31T00:00:00Z"`),
		"exempt until no day": with("exempt", `,"reason":"x","until":"2026-02-30"`), "exempt without a reason": with("exempt", `,"until":"2026-12-31"`), "an owner too long": with("exempt", `,"reason":"x","until":"2026-12-31","owner":"`+strings.Repeat("x", 101)+`"`),
		"an owner on two lines": with("exempt", `,"reason":"x","until":"2026-12-31","owner":"a\nb"`),
		"exempt from an undo":   strings.ReplaceAll(with("exempt", `,"reason":"x","until":"2026-12-31"`), "fix/", "undo/"),
		"lift of a request":     with("lift", `,"reason":"x"`), "lift without a reason": `{"verdict":"lift","via":"cli"}`,
		"an undo without a record": `{"verdict":"undo","reason":"x","via":"cli"}`, "an undo without a reason": `{"verdict":"undo","record":"111122223333/17","via":"cli"}`,
		"an undo of a request with a record": with("undo", `,"reason":"x","record":"111122223333/17"`), "approve with a record": with("approve", `,"record":"111122223333/17"`),
		"an undo of record 0": undo("111122223333/0"), "an undo of record -1": undo("111122223333/-1"), "an undo of +17": undo("111122223333/+17"), "an undo of 017": undo("111122223333/017"),
		"an undo of no number": undo("111122223333/x"), "an undo of no account": undo("/17"), "an undo of a short account": undo("1111/17"), "an undo of two": undo("111122223333/17/18"),
		"an undo of a huge number": undo("111122223333/99999999999999999999"), "an undo of too large a number": undo("111122223333/1000000000000"), "an undo of another table's": undo("111122223333#x/17"),
		"too large": with("reject", `,"reason":"x"`) + strings.Repeat(" ", 5000), "deep": strings.Repeat("[", 3000), "deep in a key": `{"verdict":` + strings.Repeat(`{"a":`, 500),
	}
}

func TestWhatIsNoWord(t *testing.T) {
	t.Parallel()
	for name, body := range badBodies() {
		if w, err := ParseWord([]byte(body)); err == nil {
			t.Errorf("%s: %.100s was taken for %+v", name, body, w)
		}
	}
}

// FuzzParseWord: what is taken is complete, says the same when it is written again, and leads to exactly one word of exactly the speaker.
func FuzzParseWord(f *testing.F) {
	for _, body := range badBodies() {
		f.Add([]byte(body))
	}
	for _, w := range []Word{yes(), {Verdict: Lift, Reason: "x", Via: "cli"}, {Verdict: Undo, Record: "111122223333/17", Reason: "x", Via: "page"}, {Verdict: Exempt, Ref: fix().String(), Hash: hash, Reason: "r", Until: "2026-12-31", Via: "page"}} {
		if body, err := w.Text(); err == nil {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w, err := ParseWord(body)
		if err != nil {
			return
		}
		again, err := w.Text()
		if err != nil {
			t.Fatal(err)
		}
		if read, err := ParseWord(again); err != nil || read != w {
			t.Errorf("%q was read as %+v, and again as %+v, %v", body, w, read, err)
		}
		said, err := w.Said("sso:speaker")
		if err != nil || said.Words() != 1 || identityIn(said) != "sso:speaker" {
			t.Errorf("%q led to %+v, %v", body, said, err)
		}
	})
}

func identityIn(s approval.Said) string {
	switch {
	case s.Answer != nil:
		return s.Answer.Identity
	case s.Exempt != nil:
		return s.Exempt.Identity
	case s.Lift != nil:
		return s.Lift.Identity
	case s.Undo != nil:
		return s.Undo.Identity
	case s.Refused != nil:
		return s.Refused.Identity
	}
	return ""
}
