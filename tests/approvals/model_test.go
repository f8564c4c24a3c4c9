package approvals

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

// config is a rules file in the words of the model.
type config struct {
	mode   string
	people []string
	needed int
}

const within = 10 * time.Hour // of every approval here

// identities are whom each person is known by. Bo has no AWS identity: AWS may name him, and nobody knows that it is him.
var identities = map[string][]string{
	"ada": {"U0ADA00001", "arn:aws:iam::111122223333:user/ada"}, "bo": {"U0BO000001"}, "cy": {"U0CY000001", "source:cy"},
	"eve": {"U0EVE00001", "arn:aws:iam::111122223333:user/eve"}, "mal": {"U0MAL00001", "arn:aws:iam::111122223333:user/mal"},
}

func (c config) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nrules:\n  - { name: all, match: { families: [storage], origin: [event, late-event, sweep] }, mode: %s }\nlimits:\n  - { controls: [\"*\"], max: 1000, per: hour }\npeople:\n", c.mode)
	for _, name := range c.people {
		aws := ""
		if ids := identities[name]; len(ids) > 1 {
			aws = fmt.Sprintf(", aws: [%q]", ids[1])
		}
		fmt.Fprintf(&b, "  - { name: %s, slack: %s%s }\n", name, identities[name][0], aws)
	}
	fmt.Fprintf(&b, "approvals:\n  - { name: all, within_hours: 10, needed: %d }\n", c.needed)
	return b.String()
}

// person returns who has an identity, in the eyes of a rules file.
func (c config) person(identity string) string {
	for _, name := range c.people {
		if slices.Contains(identities[name], identity) {
			return name
		}
	}
	return ""
}

// ref names what was asked about.
type ref struct {
	Account, Kind, ID, Hash string
}

// asking is one request as the model knows it.
type asking struct {
	round     int64
	state     string
	requester string
	cause     string // identity
	by        []string
	needed    int
	expires   time.Time
	voted     []string
	until     time.Time // of an exemption
	spent     bool
	clicked   bool      // asked again by somebody in Security Hub: nobody knows who
	ended     time.Time // without what it asks for
	left      bool      // of people: the rules file has said something else since it ended
}

func (a *asking) open() bool { return a.state == "pending" || a.state == "approved" }

// entry is what the model reads of a record's detail.
type entry struct {
	Request struct {
		Key       ref
		Round     int64
		State     string
		Requester string
		Again     *struct{ By string }
	}
	News, Verdict, Refused, Code, Why, Who string

	Hash, Approver string // of an intent, and of the beginning of an undo
	Undoes         int64
	Cause          core.Cause
}

// model replays the audit log beside what the test itself did, and says what must not be.
type model struct {
	w      *world
	done   int64 // records that were replayed
	notes  []note
	files  map[string]config // by the hash of who may decide
	caused map[string]string // event to who it names

	mode    string
	force   *config
	kill    bool
	engaged string // when
	asked   map[ref]*asking
	exempt  time.Time
	cause   map[string]string // occurrence to who opened it
	before  string            // who opened the last one
	several map[string]bool   // occurrences in which others may have had a hand
	intents map[string]fix    // plan to its last intent
	effects map[fix]int
	records []int64              // of intents and results, which can be named to take something back
	fixOf   map[string]intent    // by number
	undos   map[string]fix       // plan to the undo that was begun with it
	was     map[string]string    // plan of a fix to what was there before it
	until   map[string]time.Time // exemptions that were asked for, by tag
	tags    map[string]int       // records of each word
	given   map[string][2]int    // deliveries of each word: that succeeded, and that failed
	ends    map[string]string    // rows that came to an end, by key and round
	clicks  []time.Time          // in Security Hub
	byClick map[string]bool      // occurrences whose plan was made for one
	planned int64                // the last plan's record
	again   int                  // rounds that were asked for once more
}

// intent is a fix that was begun.
type intent struct{ plan, occurrence string }

// fix is one use of one yes.
type fix struct {
	occurrence, hash string
	takes            string // plan of the fix that is taken back
	round            int64
	ended            bool
}

// note is something that the test did after so many records.
type note struct {
	after int64
	do    func()
}

func newModel(w *world) *model {
	return &model{w: w, files: map[string]config{}, caused: map[string]string{}, asked: map[ref]*asking{}, cause: map[string]string{}, several: map[string]bool{}, intents: map[string]fix{},
		fixOf: map[string]intent{}, undos: map[string]fix{}, was: map[string]string{}, effects: map[fix]int{}, until: map[string]time.Time{}, tags: map[string]int{}, given: map[string][2]int{}, ends: map[string]string{}, byClick: map[string]bool{}}
}

// note lets the model know of something at this point of the log.
func (m *model) note(do func()) { m.notes = append(m.notes, note{m.length(), do}) }

func (m *model) length() int64 {
	n, _ := number(m.w.tables.rows["shoreup-audit"][[2]string{m.w.account, "head"}]["entry_seq"])
	return n
}

// rules puts a rules file in place.
func (w *world) rules(c config) {
	file, err := rules.Load([]byte(c.text()))
	if err != nil {
		w.t.Fatalf("%v\n%s", err, c.text())
	}
	w.file = file
	w.model.files[file.ElectorsHash()] = c
	w.model.note(func() {
		w.model.mode = c.mode
		for k, a := range w.model.asked {
			a.left = a.left || k.Kind == "people" && !a.open() && k.Hash != file.ElectorsHash()
		}
	})
}

// replay reads on in the log.
func (m *model) replay() {
	var entries []audit.Entry
	m.w.aside(func() (err error) {
		entries, err = m.w.log.List(m.w.t.Context(), m.w.account, m.done, 0)
		return err
	})
	for _, e := range entries {
		m.catchUp(e.Seq - 1)
		var d entry
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			m.w.problem("record %d: %v", e.Seq, err)
		}
		m.read(e, d)
		m.done = e.Seq
	}
	m.catchUp(m.length())
}

func (m *model) catchUp(seq int64) {
	for len(m.notes) > 0 && m.notes[0].after <= seq {
		m.notes[0].do()
		m.notes = m.notes[1:]
	}
}

func (m *model) read(e audit.Entry, d entry) {
	wrong := func(format string, args ...any) {
		m.w.problem("record %d (%s %s by %s): %s", e.Seq, e.Kind, e.Outcome, e.Actor, fmt.Sprintf(format, args...))
	}
	switch e.Kind {
	case audit.Decision:
		m.byClick[e.Occurrence] = m.byClick[e.Occurrence] && e.Seq == m.planned+1 // alone, it is of somebody else's look
	case audit.Plan:
		m.byClick[e.Occurrence], m.planned = d.Cause.Asked != "", e.Seq
		if _, known := m.cause[e.Occurrence]; !known {
			m.cause[e.Occurrence] = vouched(m.caused[d.Cause.ID])
			if d.Cause.ID == "" { // in the place of one whose plan did not fit any more
				m.cause[e.Occurrence] = m.before
			}
			m.before = m.cause[e.Occurrence]
		}
		if d.Cause.ID == "" || vouched(m.caused[d.Cause.ID]) != m.cause[e.Occurrence] {
			m.several[e.Occurrence] = true
		}
	case audit.Error: // it could not be judged, and nobody knows who caused what is found later
		if _, known := m.cause[e.Occurrence]; !known {
			m.cause[e.Occurrence] = ""
		}
	case audit.Intent:
		m.records, m.fixOf[fmt.Sprint(e.Seq)] = append(m.records, e.Seq), intent{e.Plan, e.Occurrence}
		m.intent(e, d, wrong)
	case audit.Undo:
		m.undo(e, d, wrong)
	case audit.Result:
		m.records = append(m.records, e.Seq)
		if u, ok := m.undos[e.Plan]; ok {
			u.ended = true
			m.undos[e.Plan] = u
			return
		}
		f := m.intents[e.Plan]
		f.ended = true
		m.intents[e.Plan] = f
	case audit.Verdict:
		if strings.HasPrefix(d.Why, "word-") {
			m.tags[d.Why]++
		}
		m.word(e, d, wrong)
	}
}

// vouched is who AWS vouches for.
func vouched(who string) string {
	if strings.Contains(who, ":user/") || strings.HasPrefix(who, "source:") {
		return who
	}
	return ""
}

// intent: what is begun has a yes that counts at this moment, or needs none.
func (m *model) intent(e audit.Entry, d entry, wrong func(string, ...any)) {
	k := ref{e.Chain, "fix", e.Occurrence, d.Hash}
	a := m.asked[k]
	f := fix{occurrence: e.Occurrence, hash: d.Hash}
	switch {
	case m.kill:
		wrong("while the kill switch is engaged")
	case e.Time.Before(m.exempt):
		wrong("of what is exempt until %s", m.exempt)
	case d.Approver == "" && m.mode != "auto":
		wrong("nobody approved it and the rules say %s", m.mode)
	case d.Approver != "" && (a == nil || a.state != "approved" || !e.Time.Before(a.expires)):
		wrong("the approval is %+v", a)
	case d.Approver != "" && m.mode != "approve":
		wrong("under an approval, and the rules say %s", m.mode)
	}
	if a != nil {
		a.spent = true // also where the rules have come to ask nobody
	}
	if a != nil && d.Approver != "" {
		f.round = a.round
	}
	m.intents[e.Plan] = f
}

// undo: what is begun to be taken back has a yes of its own that counts at this moment and was not used before.
func (m *model) undo(e audit.Entry, d entry, wrong func(string, ...any)) {
	a := m.asked[ref{e.Chain, "undo", fmt.Sprint(d.Undoes), d.Hash}]
	switch {
	case m.kill:
		wrong("while the kill switch is engaged")
	case a == nil || a.state != "approved" || !e.Time.Before(a.expires) || a.spent || d.Approver == "":
		wrong("by %q, the approval is %+v", d.Approver, a)
		return
	}
	a.spent = true
	m.undos[e.Plan] = fix{occurrence: "undo " + fmt.Sprint(d.Undoes), hash: d.Hash, takes: m.fixOf[fmt.Sprint(d.Undoes)].plan, round: a.round}
}

// arrives: a write is one that was begun, and no yes is good for two that change something.
func (m *model) arrives(plan, value string, effects bool) {
	m.replay()
	f, begun := m.intents[plan]
	wants := "shut"
	if u, undo := m.undos[plan]; undo {
		f, begun, wants = u, true, m.was[u.takes]
	} else if effects {
		m.was[plan] = m.w.dial.value
	}
	switch {
	case !begun || f.ended:
		m.w.problem("a write of plan %s, which was not begun or has ended", plan)
	case value != wants:
		m.w.problem("a write of %q, want %q", value, wants)
	case effects && f.round > 0:
		if m.effects[f]++; m.effects[f] > 1 {
			m.w.problem("%d writes with an effect for one approval of %+v", m.effects[f], f)
		}
	}
}

func (m *model) word(e audit.Entry, d entry, wrong func(string, ...any)) {
	k := d.Request.Key
	a := m.asked[k]
	switch {
	case d.Refused != "":
		if e.Outcome != "refused" || d.Code == "" {
			wrong("refused with code %q", d.Code)
		}
	case d.News == "asked" && d.Request.Round == 0:
		if m.force != nil && len(m.force.people) > 0 {
			wrong("new people without a yes of the old ones")
		}
		m.enforce(k.Hash, wrong)
	case d.News == "asked":
		m.ask(e, d, a, wrong)
	case a == nil:
		wrong("nobody was asked about %+v", k)
	case !a.open():
		wrong("it is %s already", a.state)
	case d.Request.Round != a.round:
		wrong("it is of round %d, and the present one is %d", d.Request.Round, a.round)
	case d.News == "reminder":
	case d.News == "over":
		if d.Request.State == "expired" && e.Time.Before(a.expires) || d.Request.State == "applied" && !a.spent {
			wrong("it is %s before that was so", d.Request.State)
		}
		a.state, a.ended = d.Request.State, e.Time
	default:
		m.said(e, d, a, wrong)
	}
}

// occurrence is what a request is about in the end: of an undo that of the fix.
func (m *model) occurrence(k ref) string {
	if k.Kind == "undo" {
		return m.fixOf[k.ID].occurrence
	}
	return k.ID
}

func (m *model) ask(e audit.Entry, d entry, a *asking, wrong func(string, ...any)) {
	next := int64(1)
	again := d.Request.Again
	if a != nil {
		next = a.round + 1
		m.mayAskAgain(d, a, wrong)
	} else if again != nil {
		wrong("asked again for the first time")
	}
	if d.Request.Round != next || d.Request.State != "pending" || m.force == nil {
		wrong("round %d (%s), want %d", d.Request.Round, d.Request.State, next)
		return
	}
	fresh := &asking{round: next, state: "pending", requester: d.Request.Requester, by: m.force.people, needed: m.force.needed, expires: e.Time.Add(within)}
	if k := d.Request.Key.Kind; k == "fix" || k == "exempt" || k == "undo" {
		fresh.cause = m.cause[m.occurrence(d.Request.Key)]
	}
	fresh.clicked = again != nil && again.By == ""
	fresh.until = m.until[d.Request.Key.ID+fresh.requester]
	m.asked[d.Request.Key] = fresh
}

// mayAskAgain: what was rejected or has expired is asked again for one of the people, for a click of after its end, or, if it is a change of people, when it
// is put back; what was overtaken by itself; what waits or was done never.
func (m *model) mayAskAgain(d entry, a *asking, wrong func(string, ...any)) {
	again, k := d.Request.Again, d.Request.Key
	if again != nil {
		m.again++
	}
	byPerson := slices.Contains(m.force.people, d.Request.Requester)
	switch a.state {
	case "stale", "superseded":
	case "rejected", "expired":
		clicked := again != nil && again.By == "" && k.Kind == "fix" && slices.ContainsFunc(m.clicks, a.ended.Before)
		named := byPerson && (again == nil || again.By == d.Request.Requester) && (again != nil || k.Kind != "fix" && k.Kind != "people")
		if !clicked && !named && !(k.Kind == "people" && a.left) {
			wrong("what is %s is asked again by %q (%+v)", a.state, d.Request.Requester, again)
		}
	case "applied":
		if k.Kind != "people" || !a.left {
			wrong("what is applied is asked again")
		}
	default:
		wrong("it is %s, and asked again", a.state)
	}
	if again != nil && d.Request.Requester != again.By {
		wrong("asked again by %q in the name of %q", again.By, d.Request.Requester)
	}
}

// said: a word counts if it is of somebody who may say it, and a yes is there when enough of them are.
func (m *model) said(e audit.Entry, d entry, a *asking, wrong func(string, ...any)) {
	may := func(name string) bool { return slices.Contains(a.by, name) && slices.Contains(m.force.people, name) }
	switch {
	case !e.Time.Before(a.expires):
		wrong("after %s", a.expires)
	case !may(e.Actor):
		wrong("who may not decide it")
	case a.cause != "" && slices.Contains(identities[e.Actor], a.cause):
		wrong("who caused it")
	case d.Request.Key.Kind == "fix" && m.mode != "approve" && !(m.mode == "auto" && m.byClick[d.Request.Key.ID]):
		wrong("the rules say %s by now", m.mode)
	case d.Verdict == "reject":
		a.ended = e.Time
		if a.state = d.Request.State; a.state != "rejected" {
			wrong("after a no it is %s", a.state)
		}
		return
	case d.Verdict != "approve" || a.state != "pending" || a.requester == e.Actor || slices.Contains(a.voted, e.Actor):
		wrong("a %s to %+v", d.Verdict, a)
	}
	a.voted = append(a.voted, e.Actor)
	count := 0
	for _, name := range a.voted {
		if slices.Contains(m.force.people, name) {
			count++
		}
	}
	if m.several[m.occurrence(d.Request.Key)] && count == 1 && d.Request.State == "pending" {
		return // it may be more careful than it has to be where others had a hand in it
	}
	want := "pending"
	if count >= m.needed(d.Request.Key.Kind, a) {
		want = "approved"
		if k := d.Request.Key.Kind; k == "exempt" || k == "lift" || k == "people" {
			want = "applied"
			m.effect(d, a, wrong)
		}
	}
	if a.state = d.Request.State; a.state != want {
		wrong("with %d yeses it is %s, want %s", count, a.state, want)
	}
}

// needed is how many must agree: one more where it could be any of them who caused it.
func (m *model) needed(kind string, a *asking) int {
	n := max(a.needed, m.force.needed)
	if (kind == "fix" || kind == "exempt" || kind == "undo") && m.force.person(a.cause) == "" {
		n = max(n, 2)
	}
	if a.clicked {
		n = max(n, 2)
	}
	if kind == "people" {
		n = max(n, min(2, len(m.force.people)))
	}
	return n
}

func (m *model) effect(d entry, a *asking, wrong func(string, ...any)) {
	switch d.Request.Key.Kind {
	case "lift":
		if d.Request.Key.ID != m.engaged {
			wrong("it lifts the kill switch of %s, and that of %s is engaged", d.Request.Key.ID, m.engaged)
		}
		m.kill = false
	case "exempt":
		m.exempt = a.until
	case "people":
		m.enforce(d.Request.Key.Hash, wrong)
	}
}

func (m *model) enforce(hash string, wrong func(string, ...any)) {
	c, ok := m.files[hash]
	if !ok {
		wrong("people come into force that no rules file had")
	}
	m.force = &c
}

// check holds everything against what must be at any time.
func (m *model) check() []string {
	m.replay()
	for tag, n := range m.given {
		if have := m.tags[tag]; have < n[0] || have > n[0]+n[1] {
			m.w.problem("%s was taken %d times and failed %d times, and has %d records", tag, n[0], n[1], have)
		}
	}
	for _, row := range m.w.tables.rows["shoreup-approvals"] {
		text, _ := row["request_body"]["S"].(string)
		var r struct {
			Key   ref
			Round int64
			State string
		}
		if row["request_state"] == nil {
			continue
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			m.w.problem("reading %s: %v", text, err)
		}
		at := fmt.Sprint(r.Key, r.Round)
		if a := m.asked[r.Key]; a == nil || a.state != r.State || a.round != r.Round {
			m.w.problem("the table says that %+v is %s in round %d, on record is %+v", r.Key, r.State, r.Round, a)
		}
		if before, over := m.ends[at]; over && before != r.State {
			m.w.problem("%s was %s and is %s", at, before, r.State)
		}
		if r.State != "pending" && r.State != "approved" {
			m.ends[at] = r.State
		}
	}
	out := m.w.problems
	m.w.problems = nil
	return out
}

// force0 is who may decide now, or would if anybody had been asked.
func (m *model) force0() config {
	m.replay()
	if m.force == nil {
		return files[0]
	}
	return *m.force
}

// check0 reads on and keeps what it finds for check.
func (m *model) check0() { m.w.problems = m.check() }
