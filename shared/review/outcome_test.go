package review

import (
	"encoding/json"
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
)

// What is on record is read only by those whose word it is, and only of what it is about.
func TestWhatBecameOfAWord(t *testing.T) {
	t.Parallel()
	key := fix().Key
	entry := func(detail map[string]any) audit.Entry {
		raw, err := json.Marshal(detail)
		if err != nil {
			t.Fatal(err)
		}
		return audit.Entry{Kind: audit.Verdict, Actor: "ada", Detail: raw}
	}
	request := func(k approval.Key) map[string]any { return map[string]any{"key": k} }
	another, exemption, lift := key, key, key
	another.ID, exemption.Kind, lift.Kind = "01KB0000000000000000000002", approval.Exempt, approval.Lift
	undo, unasked := approval.Key{Account: key.Account, Kind: approval.Undo, ID: "17", Hash: key.Hash}, approval.Key{Account: key.Account, Kind: approval.Undo, ID: "18"}
	for name, c := range map[string]struct {
		verdict string
		detail  map[string]any
		known   bool
	}{
		"his yes":                     {Approve, map[string]any{"request": request(key), "verdict": "approve", "counted": 1, "needed": 2}, true},
		"his yes with his name":       {Approve, map[string]any{"request": request(key), "verdict": "approve", "who": "sso:ada"}, true},
		"his refused yes":             {Approve, map[string]any{"request": request(key), "verdict": "approve", "who": "sso:ada", "refused": "no", "code": "late"}, true},
		"another's refused yes":       {Approve, map[string]any{"request": request(key), "verdict": "approve", "who": "sso:bo", "refused": "no", "code": "late"}, false},
		"a no":                        {Approve, map[string]any{"request": request(key), "verdict": "reject"}, false},
		"a yes to another one":        {Approve, map[string]any{"request": request(another), "verdict": "approve"}, false},
		"a yes to its exemption":      {Approve, map[string]any{"request": request(exemption), "verdict": "approve"}, false},
		"that it was asked":           {Approve, map[string]any{"request": request(key), "news": "asked"}, false},
		"that it is over":             {Approve, map[string]any{"request": request(key), "news": "over"}, false},
		"an exemption that was asked": {Exempt, map[string]any{"request": request(exemption), "news": "asked"}, true},
		"a reminder of it":            {Exempt, map[string]any{"request": request(exemption), "news": "reminder"}, false},
		"an exemption refused":        {Exempt, map[string]any{"refused": "no", "code": "nothing"}, true},
		"a stranger's, refused":       {Exempt, map[string]any{"refused": "no", "code": "stranger", "who": "sso:eve"}, false},
		"a fix that was asked":        {Exempt, map[string]any{"request": request(key), "news": "asked"}, false},
		"an undo that was asked":      {Undo, map[string]any{"request": map[string]any{"key": undo, "record": "111122223333/18"}, "news": "asked"}, true},
		"an undo of another record":   {Undo, map[string]any{"request": map[string]any{"key": undo, "record": "111122223333/20"}, "news": "asked"}, false},
		"an undo refused":             {Undo, map[string]any{"request": request(unasked), "refused": "no", "code": "nothing"}, true},
		"an undo that waits already":  {Undo, map[string]any{"request": map[string]any{"key": undo, "record": "111122223333/18"}, "refused": "no", "code": "again"}, true},
		"a stranger's undo refused":   {Undo, map[string]any{"request": request(unasked), "refused": "no", "code": "stranger", "who": "sso:eve"}, false},
		"a yes to an undo":            {Undo, map[string]any{"request": request(undo), "verdict": "approve", "refused": "no", "code": "four-eyes"}, false},
		"a lift that is asked again":  {Lift, map[string]any{"request": map[string]any{"key": map[string]any{"kind": "lift", "id": "2026-11-22T10:00:00Z"}}, "refused": "no", "code": "again"}, true},
		"a yes to a lift, refused":    {Lift, map[string]any{"request": request(lift), "verdict": "approve", "refused": "no", "code": "four-eyes"}, false},
		"a lift that was asked":       {Lift, map[string]any{"request": request(lift), "news": "asked"}, true},
		"a lift refused":              {Lift, map[string]any{"refused": "it is not engaged", "code": "nothing"}, true},
		"a yes to a lift":             {Lift, map[string]any{"request": request(lift), "verdict": "approve"}, false},
		"what was asked again":        {Ask, map[string]any{"request": request(key), "news": "asked"}, true},
		"another that was asked":      {Ask, map[string]any{"request": request(another), "news": "asked"}, false},
		"asking again, refused":       {Ask, map[string]any{"request": request(key), "refused": "it waits already", "code": "again"}, true},
		"asking in vain, a stranger":  {Ask, map[string]any{"request": request(key), "refused": "no", "code": "stranger", "who": "sso:eve"}, false},
		"a refused yes to it":         {Ask, map[string]any{"request": request(key), "verdict": "approve", "refused": "no", "code": "late"}, false},
		"nothing":                     {Approve, nil, false},
	} {
		ref := fix()
		if c.verdict == Lift {
			ref = Ref{}
		}
		if got := outcomeOf(entry(c.detail), ref, c.verdict, "111122223333/18", "sso:ada"); got.Known != c.known || c.known && got.Person != "ada" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := outcomeOf(audit.Entry{Detail: json.RawMessage(`[`)}, fix(), Approve, "", "sso:ada"); got.Known {
		t.Errorf("nonsense: %+v", got)
	}
}

func TestOutcomesInWords(t *testing.T) {
	t.Parallel()
	pending, approved, applied := approval.Request{State: approval.Pending}, approval.Request{State: approval.Approved}, approval.Request{State: approval.Applied, Why: "applied: fixed"}
	known := Outcome{Known: true, Person: "ada", Counted: 1, Needed: 2}
	for _, c := range []struct {
		answer           Answer
		verdict, want    string
		counted, settled bool
	}{
		{Answer{}, Approve, "nothing came of it so far: it is queued, and shoreup pending shows when it counted", false, false},
		{Answer{Item: Item{Request: pending}, Word: Outcome{Known: true, Refused: "you may not"}}, Approve, "refused: you may not", false, true},
		{Answer{Item: Item{Request: pending}, Word: Outcome{Known: true, Refused: "ada has approved it already, and that counts", Code: "again", Stands: true}}, Approve, "ada has approved it already, and that counts", true, true},
		{Answer{Item: Item{Request: pending}, Word: known}, Approve, "approved by ada: 1 of 2 are there, others have to agree", true, true},
		{Answer{Item: Item{Request: approved}, Word: known}, Approve, "approved by ada: 1 of 2 are there, and it is being carried out", true, false},
		{Answer{Item: Item{Request: approved}, Word: known, Stopped: true}, Approve, "approved by ada: 1 of 2 are there; nothing is written until the kill switch is lifted (shoreup resume)", true, true},
		{Answer{Item: Item{Request: applied}, Word: known}, Approve, "approved by ada; applied: fixed", true, true},
		{Answer{Item: Item{Request: approval.Request{State: approval.Stale, Why: "it is in order already"}}, Word: known}, Approve, "approved by ada, and nothing came of it: it is in order already", false, true},
		{
			Answer{Item: Item{Request: approval.Request{State: approval.Superseded, Why: "all in one", EndedWhy: []string{"the resource changed: policy", "the control's version 1 is 2 now"}, Moved: &approval.Moved{Plan: "p-2", Hash: hash}}}, Word: known},
			Approve, "approved by ada, and nothing came of it: the resource changed: policy; the control's version 1 is 2 now. Plan p-2 takes its place: shoreup approve " + hash[:12], false, true,
		},
		{Answer{Item: Item{Request: pending}, Word: known}, Ask, "asked again by ada; now 2 others must agree: shoreup pending", true, true},
		{Answer{Item: Item{Request: pending}, Word: known}, Reject, "rejected by ada", true, true},
		{Answer{Item: Item{Request: pending}, Word: known}, Exempt, "asked for by ada; now 2 others must agree: shoreup pending", true, true},
	} {
		text, counted := c.answer.Text(c.verdict)
		if text != c.want || counted != c.counted || c.answer.Settled(c.verdict) != c.settled {
			t.Errorf("%q, counted %v, settled %v; want %q", text, counted, c.answer.Settled(c.verdict), c.want)
		}
	}
}
