package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
)

// Receipt says that a word was heard. It counts only when the deciding function has taken it: ask with Since what became of it.
type Receipt struct {
	Message string `json:"message"`
	You     string `json:"you"`
	Since   string `json:"since"`
}

// Answer is how a request stands.
type Answer struct {
	Item Item    `json:"item,omitzero"` // the zero value: there is no such request
	Word Outcome `json:"word,omitzero"` // of the asker's own word
	// Stopped is set where what is approved is not carried out because the kill switch is engaged.
	Stopped bool `json:"stopped,omitempty"`
}

// Outcome is what became of a word. The zero value: nothing yet.
type Outcome struct {
	Known   bool   `json:"known"`
	Person  string `json:"person"`  // whom the rules file knows the speaker as
	Refused string `json:"refused"` // why the word changed nothing; empty: it counted
	Code    string `json:"code"`
	Stands  bool   `json:"stands,omitempty"` // it was refused since the same person said the same before, and that counts
	Ref     string `json:"ref"`              // of the request that was asked for; empty: none was
	Counted int    `json:"counted"`          // who agreed so far
	Needed  int    `json:"needed"`
}

// heads are where the audit log's chains end before a word, to look for what is recorded after it: "111122223333:17,444455556666:3".
func (t Tables) heads(ctx context.Context, accounts ...string) (string, error) {
	var out []string
	slices.Sort(accounts)
	for _, account := range slices.Compact(accounts) {
		h, err := t.Log.Head(ctx, account)
		if err != nil {
			return "", err
		}
		out = append(out, account+":"+strconv.FormatInt(h.Seq, 10))
	}
	return strings.Join(out, ","), nil
}

type point struct {
	chain string
	after int64
}

func parseSince(s string) ([]point, error) {
	var out []point
	for part := range strings.SplitSeq(s, ",") {
		account, number, _ := strings.Cut(part, ":")
		seq, err := strconv.ParseInt(number, 10, 64)
		if err != nil || seq < 0 || !accountID.MatchString(account) || len(out) == 2 {
			return nil, errors.New(`"since" is not what a receipt says`)
		}
		out = append(out, point{account, seq})
	}
	return out, nil
}

// maxLook is how many entries after a word are searched for what became of it.
const maxLook = 300

// outcome looks in the audit log for what became of somebody's word.
func (t Tables) outcome(ctx context.Context, ref Ref, verdict, record, identity string, since []point) (Outcome, error) {
	for _, p := range since {
		entries, err := t.Log.List(ctx, p.chain, p.after, maxLook)
		if err != nil {
			return Outcome{}, err
		}
		for _, e := range slices.Backward(entries) {
			if e.Kind != audit.Verdict {
				continue
			}
			if out := outcomeOf(e, ref, verdict, record, identity); out.Known {
				return out, nil
			}
		}
	}
	return Outcome{}, nil
}

// said is what entries about words say.
type said struct {
	Request approval.Request `json:"request"`
	Verdict string           `json:"verdict"`
	Counted int              `json:"counted"`
	Needed  int              `json:"needed"`
	Refused string           `json:"refused"`
	Code    string           `json:"code"`
	Stands  bool             `json:"stands"`
	Who     string           `json:"who"`
	News    approval.News    `json:"news"`
}

// outcomeOf reads an entry that is about the word. Of words that counted the log knows the person and not the identity they came with; that somebody
// else said the same about the same at the same moment shows in the name.
func outcomeOf(e audit.Entry, ref Ref, verdict, record, identity string) Outcome {
	var d said
	if json.Unmarshal(e.Detail, &d) != nil {
		return Outcome{}
	}
	out := Outcome{Known: true, Person: e.Actor, Refused: d.Refused, Code: d.Code, Stands: d.Stands, Counted: d.Counted, Needed: d.Needed}
	key := d.Request.Key
	about := key.Kind == ref.Key.Kind && key.ID == ref.Key.ID && key.Hash == ref.Key.Hash
	his := d.Who == identity || d.Who == ""
	asking := key == (approval.Key{}) && d.Verdict == "" // of what was asked for and is not, the log names only the person
	_, number, _ := strings.Cut(record, "/")
	switch {
	case verdict == Exempt && d.News == approval.Asked && key.Kind == approval.Exempt && key.ID == ref.Key.ID,
		verdict == Lift && d.News == approval.Asked && key.Kind == approval.Lift,
		verdict == Undo && d.News == approval.Asked && key.Kind == approval.Undo && d.Request.Record == record:
		out.Needed, out.Ref = d.Request.Wants(), RefOf(d.Request).String()
		return out
	case verdict == Ask && d.News == approval.Asked && about:
		out.Needed, out.Ref = d.Request.Wants(), RefOf(d.Request).String()
		return out
	case verdict == Ask && (asking || about && d.Verdict == "") && d.Code != "" && his:
		return out
	case verdict == Undo && (asking || key.Kind == approval.Undo && d.Verdict == "" && (d.Request.Record == record || key.ID == number)) && d.Code != "" && his:
		return out
	case verdict == Lift && (asking || key.Kind == approval.Lift && d.Verdict == "") && d.Code != "" && his,
		verdict == Exempt && (asking || (about || key.Kind == approval.Exempt && key.ID == ref.Key.ID) && d.Verdict == "") && d.Code != "" && his,
		(verdict == Approve || verdict == Reject) && about && d.Verdict == verdict && his:
		return out
	}
	return Outcome{}
}

// Text says in a sentence what became of a word, and whether something comes of it.
func (a Answer) Text(verdict string) (text string, counted bool) {
	w, r := a.Word, a.Item.Request
	switch {
	case !w.Known:
		return "nothing came of it so far: it is queued, and shoreup pending shows when it counted", false
	case w.Stands:
		return w.Refused, true
	case w.Refused != "":
		return "refused: " + w.Refused, false
	case verdict == Ask:
		return fmt.Sprintf("asked again by %s; now %s: %s", w.Person, agree(w.Needed), command(w.Ref)), true
	case verdict == Exempt || verdict == Lift || verdict == Undo:
		return fmt.Sprintf("asked for by %s; now %s: %s", w.Person, agree(w.Needed), command(w.Ref)), true
	case verdict == Reject:
		return "rejected by " + w.Person, true
	case r.State == approval.Pending:
		return fmt.Sprintf("approved by %s: %d of %d are there, others have to agree", w.Person, w.Counted, w.Needed), true
	case r.State == approval.Approved && a.Stopped:
		return fmt.Sprintf("approved by %s: %d of %d are there; nothing is written until the kill switch is lifted (shoreup resume)", w.Person, w.Counted, w.Needed), true
	case r.State == approval.Approved:
		return fmt.Sprintf("approved by %s: %d of %d are there, and it is being carried out", w.Person, w.Counted, w.Needed), true
	case r.State == approval.Applied && (r.Key.Kind == approval.Exempt || r.Key.Kind == approval.Lift || r.Key.Kind == approval.People):
		return fmt.Sprintf("approved by %s, and in force from now on", w.Person), true
	case r.State == approval.Applied:
		return fmt.Sprintf("approved by %s; %s", w.Person, r.Why), true // "applied: fixed"
	}
	return fmt.Sprintf("approved by %s, and nothing came of it: %s", w.Person, overtaken(r)), false
}

// overtaken says why a request ended without being carried out, and what took its place.
func overtaken(r approval.Request) string {
	out := r.Why
	if len(r.EndedWhy) > 0 {
		out = strings.Join(r.EndedWhy, "; ")
	}
	if r.Moved != nil {
		out += ". Plan " + r.Moved.Plan + " takes its place: shoreup approve " + r.Moved.Hash[:min(len(r.Moved.Hash), 12)]
	}
	return out
}

// agree says how many others have to.
func agree(n int) string {
	if n <= 1 {
		return "somebody else must agree"
	}
	return fmt.Sprintf("%d others must agree", n)
}

// command is what the others type.
func command(ref string) string {
	r, err := ParseRef(ref)
	if err != nil {
		return "shoreup pending"
	}
	return "shoreup approve " + r.Key.Hash[:12]
}

// Settled reports whether asking again would tell no more.
func (a Answer) Settled(verdict string) bool {
	return a.Word.Known && (a.Word.Refused != "" || verdict != Approve || a.Item.Request.State != approval.Approved || a.Stopped)
}
