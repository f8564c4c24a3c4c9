package approvals

import (
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
)

type hostile struct{ name, body, want string }

// words are understood, and must not be followed.
func (c *court) words() []hostile {
	as := func(who string) func(*approval.Answer) { return func(a *approval.Answer) { a.Identity = who } }
	key := func(f func(*approval.Key)) func(*approval.Answer) { return func(a *approval.Answer) { f(&a.Key) } }
	say := func(v approval.Verdict) func(*approval.Answer) { return func(a *approval.Answer) { a.Verdict = v } }
	round := func(n int64) func(*approval.Answer) { return func(a *approval.Answer) { a.Round = n } }
	var out []hostile
	add := func(want, name string, r approval.Request, change ...func(*approval.Answer)) {
		out = append(out, hostile{name, c.answer(r, change...), want})
	}
	for _, who := range []string{
		"", " ", "ada", "Ada", "ADA", "eve", "U0STRANGER", "u0ada00001", "U0ADA0000", "U0ADA000011", "U0ADA00001 ", " U0ADA00001", "U0ADA00001\n", "U0ADA00001\x00", "U0ADA00001,U0BO000001", "U0АDA00001",
		"Ｕ０ＡＤＡ００００１", "<@U0ADA00001>", "@ada", "*", "U*", "arn:aws:iam::111122223333:user/ADA", "arn:aws:iam::444455556666:user/ada", "arn:aws:iam::111122223333:user/x/ada", "arn:aws-cn:iam::111122223333:user/ada",
		"arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/admin/ada", "sso:ada", "source:ada", "source:CY", "source:cy ", "SOURCE:cy", "sso:cy", "shoreup", "unknown", "null", strings.Repeat("é", 300),
		"x" + strings.Repeat("é", 400), strings.Repeat("A", 15000), "\u202eU0ADA00001", "\ufeffU0ADA00001",
	} {
		add("stranger", fmt.Sprintf("as %.30q", who), c.open, as(who))
	}
	for name, f := range map[string]func(*approval.Key){
		"another hash":                func(k *approval.Key) { k.Hash = strings.Repeat("0", 64) },
		"the hash in capitals":        func(k *approval.Key) { k.Hash = strings.ToUpper(k.Hash) },
		"a short hash":                func(k *approval.Key) { k.Hash = k.Hash[:12] },
		"no hash":                     func(k *approval.Key) { k.Hash = "" },
		"no hash but in the id":       func(k *approval.Key) { k.ID, k.Hash = k.ID+"#"+k.Hash, "" },
		"the hash with a blank":       func(k *approval.Key) { k.Hash += " " },
		"the hash of another plan":    func(k *approval.Key) { k.Hash = c.yes.Key.Hash },
		"another occurrence":          func(k *approval.Key) { k.ID = c.yes.Key.ID },
		"an occurrence in small":      func(k *approval.Key) { k.ID = strings.ToLower(k.ID) },
		"no id":                       func(k *approval.Key) { k.ID = "" },
		"no kind":                     func(k *approval.Key) { k.Kind = "" },
		"a kind that does not exist":  func(k *approval.Key) { k.Kind = "destroy" },
		"kind fix in capitals":        func(k *approval.Key) { k.Kind = "FIX" },
		"kind exempt":                 func(k *approval.Key) { k.Kind = approval.Exempt },
		"kind undo":                   func(k *approval.Key) { k.Kind = approval.Undo },
		"kind lift":                   func(k *approval.Key) { k.Kind = approval.Lift },
		"kind people":                 func(k *approval.Key) { k.Kind, k.ID = approval.People, "people" },
		"people in force":             func(k *approval.Key) { k.Kind, k.ID, k.Hash = approval.People, "people", c.file.ElectorsHash() },
		"a kind with the id in it":    func(k *approval.Key) { k.Kind, k.ID = approval.Kind("fix#"+k.ID), k.Hash },
		"a kind with all in it":       func(k *approval.Key) { k.Kind, k.ID, k.Hash = approval.Kind("fix#"+k.ID+"#"+k.Hash), "", "x" },
		"an id with a # before":       func(k *approval.Key) { k.ID = "#" + k.ID },
		"an id with a # after":        func(k *approval.Key) { k.ID += "#" },
		"an id with a /":              func(k *approval.Key) { k.ID = "../" + k.ID },
		"an id with another section":  func(k *approval.Key) { k.ID = "x#exempt#" + k.ID },
		"a hash with a #":             func(k *approval.Key) { k.Hash = "x#" + k.Hash },
		"another account":             func(k *approval.Key) { k.Account = "444455556666" },
		"no account":                  func(k *approval.Key) { k.Account = "" },
		"an account with a section":   func(k *approval.Key) { k.Account += "#request" },
		"the table's other partition": func(k *approval.Key) { k.Account = "people" },
		"an account with a blank":     func(k *approval.Key) { k.Account = " " + k.Account },
		"a very long id":              func(k *approval.Key) { k.ID = strings.Repeat("A", 2000) },
		"a very long hash":            func(k *approval.Key) { k.Hash = strings.Repeat("a", 3000) },
		"a very long kind":            func(k *approval.Key) { k.Kind = approval.Kind(strings.Repeat("k", 3000)) },
		"a very long account":         func(k *approval.Key) { k.Account = strings.Repeat("1", 3000) },
		"a long id of two bytes each": func(k *approval.Key) { k.ID = "x" + strings.Repeat("é", 300) },
		"an id that ends a line":      func(k *approval.Key) { k.ID += "\n" },
		"an id with a zero":           func(k *approval.Key) { k.ID += "\x00" },
		"a look-alike id":             func(k *approval.Key) { k.ID = strings.Replace(k.ID, "0", "О", 1) },
	} {
		add("unknown", name, c.open, key(f))
	}
	for _, n := range []int64{0, -1, 2, 1 << 53, -1 << 63, 1<<63 - 1} {
		add("other-hash", fmt.Sprintf("round %d", n), c.open, round(n))
	}
	for _, v := range []approval.Verdict{"", "Approve", "APPROVE", " approve", "approve ", "approved", "yes", "true", "1", "approve\x00", "approve,reject", "аpprove", "exempt", "apply"} {
		add("nothing", fmt.Sprintf("verdict %q", v), c.open, say(v))
	}
	for _, who := range []string{"U0EVE00001", eve} {
		add("four-eyes", "who caused it says yes, as "+who, c.open, as(who))
		add("four-eyes", "who caused it says no, as "+who, c.open, as(who), say(approval.No))
	}
	out = append(out, c.again()...)
	add("again", "a second yes of the same person", c.two)
	add("again", "a second yes by another identity", c.two, as("arn:aws:iam::111122223333:user/ada"))
	add("ended", "a yes to what is approved", c.yes, as("U0BO000001"))
	add("again", "a replay", c.yes)
	add("four-eyes", "who caused it takes an approval back", c.yes, as("U0EVE00001"), say(approval.No))
	add("stranger", "a stranger takes an approval back", c.yes, as("U0STRANGER"), say(approval.No))
	add("ended", "a yes to what was rejected", c.no)
	add("again", "a no to what was rejected", c.no, say(approval.No))
	add("ended", "a no of somebody else", c.no, say(approval.No), as("U0CY000001"))
	add("ended", "a yes to what was superseded", c.gone)
	add("ended", "a no to what was superseded", c.gone, say(approval.No))
	for _, r := range []approval.Request{c.open, c.two} {
		r.Key.Hash = c.gone.Key.Hash + c.no.Key.Hash
		add("unknown", "two hashes in one about "+r.Where.ID, r)
	}
	return append(out, c.asks()...)
}

// again are words that ask once more about what must not be asked again by them.
func (c *court) again() []hostile {
	var out []hostile
	add := func(want, name string, r approval.Request, change ...func(*approval.Againing)) {
		a := approval.Againing{Key: r.Key, Round: r.Round, Why: "once more", Identity: "U0ADA00001"}
		for _, f := range change {
			f(&a)
		}
		out = append(out, hostile{"asking again: " + name, encode(approval.Said{Again: &a}), want})
	}
	for _, who := range []string{"", "ada", "U0STRANGER", "u0ada00001", "U0ADA00001 ", "arn:aws:iam::444455556666:user/ada", "arn:aws:sts::111122223333:assumed-role/admin/ada", "shoreup", "x" + strings.Repeat("é", 400)} {
		add("stranger", fmt.Sprintf("as %.30q", who), c.no, func(a *approval.Againing) { a.Identity = who })
	}
	for name, f := range map[string]func(*approval.Key){
		"another hash":        func(k *approval.Key) { k.Hash = strings.Repeat("0", 64) },
		"the hash of a rival": func(k *approval.Key) { k.Hash = c.open.Key.Hash },
		"a short hash":        func(k *approval.Key) { k.Hash = k.Hash[:12] },
		"no hash":             func(k *approval.Key) { k.Hash = "" },
		"another occurrence":  func(k *approval.Key) { k.ID = c.open.Key.ID },
		"no id":               func(k *approval.Key) { k.ID = "" },
		"another account":     func(k *approval.Key) { k.Account = "444455556666" },
		"kind exempt":         func(k *approval.Key) { k.Kind = approval.Exempt },
		"kind lift":           func(k *approval.Key) { k.Kind = approval.Lift },
		"people":              func(k *approval.Key) { k.Kind, k.ID = approval.People, "people" },
		"people in force":     func(k *approval.Key) { k.Kind, k.ID, k.Hash = approval.People, "people", c.file.ElectorsHash() },
		"a very long id":      func(k *approval.Key) { k.ID = strings.Repeat("A", 2000) },
		"a very long hash":    func(k *approval.Key) { k.Hash = strings.Repeat("a", 3000) },
	} {
		add("unknown", name, c.no, func(a *approval.Againing) { f(&a.Key) })
	}
	for _, n := range []int64{0, -1, 2, 1<<63 - 1} {
		add("other-hash", fmt.Sprintf("round %d", n), c.no, func(a *approval.Againing) { a.Round = n })
	}
	add("open", "what waits", c.open)
	add("open", "what waits, as who caused it", c.open, func(a *approval.Againing) { a.Identity = "U0EVE00001" })
	add("open", "what is approved", c.yes)
	add("ended", "what was done", c.done)
	add("ended", "what was done, by who caused it", c.done, func(a *approval.Againing) { a.Identity = eve })
	add("moved", "what was superseded", c.gone)
	return out
}

// asks are words that ask for something that cannot be had.
func (c *court) asks() []hostile {
	day := 24 * time.Hour
	x := func(f func(*approval.Exemption)) string {
		return c.exempt(c.open, "U0ADA00001", func(e *approval.Exempting) { f(&e.Exemption) })
	}
	k := func(f func(*approval.Key)) string {
		return c.exempt(c.open, "U0ADA00001", func(e *approval.Exempting) { f(&e.Key) })
	}
	return []hostile{
		{"an exemption of 91 days", x(func(e *approval.Exemption) { e.Until = c.now.Add(91 * day) }), "nothing"},
		{"of 90 days and a second", x(func(e *approval.Exemption) { e.Until = c.now.Add(90*day + time.Second) }), "nothing"},
		{"for ever", x(func(e *approval.Exemption) { e.Until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }), "nothing"},
		{"that is over", x(func(e *approval.Exemption) { e.Until = c.now }), "nothing"},
		{"without an end", x(func(e *approval.Exemption) { e.Until = time.Time{} }), "nothing"},
		{"without an owner", x(func(e *approval.Exemption) { e.Owner = "" }), "nothing"},
		{"with a blank owner", x(func(e *approval.Exemption) { e.Owner = "\t\u00a0 " }), "nothing"},
		{"without a reason", x(func(e *approval.Exemption) { e.Reason = "\n" }), "nothing"},
		{"an exemption by a stranger", c.exempt(c.open, "U0STRANGER"), "stranger"},
		{"by nobody", c.exempt(c.open, ""), "stranger"},
		{"by a name", c.exempt(c.open, "ada"), "stranger"},
		{"by a long stranger", c.exempt(c.open, "x"+strings.Repeat("é", 400)), "stranger"},
		{"of what was rejected", c.exempt(c.no, "U0ADA00001"), "unknown"},
		{"of what was superseded", c.exempt(c.gone, "U0ADA00001"), "unknown"},
		{"of nothing", c.exempt(approval.Request{}, "U0ADA00001"), "unknown"},
		{"of another hash", k(func(k *approval.Key) { k.Hash = "0" }), "unknown"},
		{"of another account", k(func(k *approval.Key) { k.Account = "444455556666" }), "unknown"},
		{"of a kind that is no fix", k(func(k *approval.Key) { k.Kind = approval.Lift }), "unknown"},
		{"of a very long id", k(func(k *approval.Key) { k.ID = strings.Repeat("A", 2000) }), "unknown"},
		{"lifting what is not engaged", lift("U0ADA00001"), "nothing"},
		{"lifting by a stranger", lift("U0STRANGER"), "stranger"},
		{"lifting by nobody", lift(""), "stranger"},
		{"an undo by a stranger", encode(approval.Said{Undo: &approval.Undoing{Account: c.account, Seq: 1, Why: "x", Identity: "U0STRANGER"}}), "stranger"},
		{"an undo of nothing", encode(approval.Said{Undo: &approval.Undoing{Account: c.account, Seq: 1 << 40, Why: "x", Identity: "U0ADA00001"}}), "unknown"},
	}
}

// bodies cannot be understood.
func (c *court) bodies() []hostile {
	good := c.answer(c.open)
	swap := func(old, fresh string) string {
		out := strings.Replace(good, old, fresh, 1)
		if out == good {
			c.t.Errorf("%s is not in %s", old, good)
		}
		return out
	}
	out := []hostile{
		{name: "an answer that is a list", body: `{"answer":[]}`}, {name: "an answer that is a text", body: `{"answer":"approve"}`}, {name: "an answer of nothing", body: `{"answer":null}`},
		{name: "two words", body: strings.TrimSuffix(good, "}") + `,"lift":{"why":"","identity":"U0ADA00001"}}`},
		{name: "an answer and asking again", body: strings.TrimSuffix(good, "}") + `,"again":{}}`}, {name: "asking again with a requester", body: `{"again":{"key":{},"round":1,"why":"","identity":"","requester":"ada"}}`},
		{name: "asking again where a list is", body: `{"again":[]}`}, {name: "three words", body: strings.TrimSuffix(good, "}") + `,"lift":{},"exempt":{}}`},
		{name: "an exemption with a field too many", body: strings.Replace(c.exempt(c.open, "U0ADA00001"), `"owner"`, `"days":90,"owner"`, 1)},
		{name: "an end that is no time", body: `{"exempt":{"key":{},"exemption":{"until":"tomorrow"},"identity":"U0ADA00001"}}`},
		{name: "an end that is a number", body: `{"exempt":{"key":{},"exemption":{"until":90},"identity":"U0ADA00001"}}`},
		{name: "a person in an answer", body: swap(`"identity"`, `"person":"ada","identity"`)}, {name: "a state in an answer", body: swap(`"round"`, `"state":"approved","round"`)},
		{name: "an unknown field of the key", body: swap(`"kind"`, `"table":"x","kind"`)}, {name: "a round that is a text", body: swap(`"round":1`, `"round":"1"`)},
		{name: "a round with a fraction", body: swap(`"round":1`, `"round":1.5`)}, {name: "a round too large", body: swap(`"round":1`, `"round":9223372036854775808`)},
		{name: "a verdict that is true", body: swap(`"verdict":"approve"`, `"verdict":true`)}, {name: "a verdict that is a list", body: swap(`"verdict":"approve"`, `"verdict":["approve"]`)},
		{name: "an identity that is a list", body: swap(`"identity":"U0ADA00001"`, `"identity":["U0ADA00001","U0BO000001"]`)}, {name: "an identity that is a number", body: swap(`"identity":"U0ADA00001"`, `"identity":1`)},
		{name: "something after it", body: good + "{}"}, {name: "the same again", body: good + good}, {name: "a comment", body: good + " // yes"}, {name: "half of it", body: good[:len(good)/2]},
		{name: "a list of words", body: "[" + good + "]"}, {name: "words in a text", body: encode(good)}, {name: "too long", body: swap(`"why":""`, `"why":"`+strings.Repeat("a", 17<<10)+`"`)},
		{name: "deep", body: strings.Repeat(`{"answer":`, 2000) + strings.Repeat("}", 2000)}, {name: "single quotes", body: strings.ReplaceAll(good, `"`, `'`)},
		{name: "a pointer", body: encode(approval.Pointer{Control: control, Resource: c.resource()})}, {name: "an order", body: `{"occurrence":"` + c.open.Key.ID + `","hash":"` + c.open.Key.Hash + `"}`},
	}
	for _, body := range []string{"", " ", "null", "0", "true", `"approve"`, "[]", "{}", "{", "}", `{"answer"}`, `{"answer":}`, "\x00", "\xff\xfe", "approve", "<xml/>", "%7B%7D", "payload=%7B%7D", "\ufeff" + good, "{\"\":{}}"} {
		out = append(out, hostile{name: fmt.Sprintf("body %.20q", body), body: body})
	}
	return out
}

// pointers point nowhere.
func (c *court) pointers() []hostile {
	at := func(f func(*approval.Pointer)) string {
		p := approval.Pointer{Control: control, Resource: c.resource()}
		f(&p)
		return encode(p)
	}
	return []hostile{
		{name: "a pointer of another control", body: at(func(p *approval.Pointer) { p.Control = "s3-bucket-public" })}, {name: "of no control", body: at(func(p *approval.Pointer) { p.Control = "" })},
		{name: "of another type", body: at(func(p *approval.Pointer) { p.Resource.Type = "AWS::S3::Bucket" })}, {name: "of no id", body: at(func(p *approval.Pointer) { p.Resource.ID = "" })},
		{name: "of no account", body: at(func(p *approval.Pointer) { p.Resource.Account = "" })}, {name: "of a strange account", body: at(func(p *approval.Pointer) { p.Resource.Account = "1#2" })},
		{name: "with a requester", body: strings.TrimSuffix(at(func(*approval.Pointer) {}), "}") + `,"requester":"eve"}`}, {name: "an empty pointer", body: "{}"},
		{name: "a word where pointers come", body: c.answer(c.open)}, {name: "an exemption where pointers come", body: c.exempt(c.open, "U0ADA00001")}, {name: "lifting where pointers come", body: lift("U0ADA00001")},
		{name: "asking again where pointers come", body: encode(approval.Said{Again: &approval.Againing{Key: c.no.Key, Round: 1, Identity: "U0ADA00001"}})},
		{name: "a click on no resource", body: `{"control":"","resource":{},"clicked":"2026-11-22T12:00:00Z"}`}, {name: "a click that is no time", body: `{"control":"test-dial-open","resource":{},"clicked":true}`},
	}
}
