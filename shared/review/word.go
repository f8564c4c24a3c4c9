package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shoreup/shoreup/shared/approval"
)

// What a word may ask for.
const (
	Approve = string(approval.Yes)
	Reject  = string(approval.No)
	Exempt  = "exempt" // asks for an exemption, about which others decide
	Lift    = "lift"   // asks to lift the kill switch
	Undo    = "undo"   // asks to take back a fix
	Ask     = "ask"    // asks once more about what was rejected or has expired
)

const (
	maxBody   = 4 << 10 // bytes of a word
	maxReason = 500     // characters
	maxOwner  = 100
)

// Word is what somebody says. There is no name in it: who speaks is AWS's to say.
type Word struct {
	Verdict string // Approve, Reject, Exempt, Lift, Undo, Ask
	Ref     string // of the request; empty for Lift and Undo
	Hash    string // of what the speaker was shown; must be the request's
	Reason  string // needed by all but Approve
	Until   string // first day without the exemption, UTC: "2026-12-31"
	Owner   string // who answers for an exemption; empty: the speaker
	Record  string // of the fix that is to be taken back: "111122223333/17"
	Via     string // where it was said: "cli" or "page"
}

// Text is the word as it travels: a flat JSON object, without what is empty.
func (w Word) Text() ([]byte, error) {
	out := map[string]string{}
	for key, value := range w.fields() {
		if *value != "" {
			out[key] = *value
		}
	}
	return json.Marshal(out)
}

func (w *Word) fields() map[string]*string {
	return map[string]*string{"verdict": &w.Verdict, "ref": &w.Ref, "hash": &w.Hash, "reason": &w.Reason, "until": &w.Until, "owner": &w.Owner, "record": &w.Record, "via": &w.Via}
}

// ParseWord reads a word. The error says what is wrong with it, for whoever wrote the client.
func ParseWord(body []byte) (Word, error) {
	var w Word
	if err := ParseFlat(body, w.fields()); err != nil {
		return Word{}, err
	}
	return w, w.check()
}

// Check says what is wrong with a word before it is said, at that time: an exemption that would end too early or too late is refused by whoever decides, too.
func (w Word) Check(now time.Time) error {
	if err := w.check(); err != nil {
		return err
	}
	if w.Verdict != Exempt {
		return nil
	}
	until, err := time.Parse(time.DateOnly, w.Until)
	if err != nil {
		return err // was checked
	}
	if no := (approval.Exemption{Owner: "somebody", Reason: w.Reason, Until: until}).Check(now); no != nil {
		return no
	}
	return nil
}

func (w Word) check() error {
	switch w.Verdict {
	case Approve, Reject, Exempt, Lift, Undo, Ask:
	default:
		return fmt.Errorf("%q is no verdict: write approve, reject, exempt, lift, undo or ask", cut(w.Verdict))
	}
	if w.Via != "cli" && w.Via != "page" {
		return errors.New(`"via" says where it was said: cli or page`)
	}
	if w.Verdict != Approve && strings.TrimSpace(w.Reason) == "" {
		return fmt.Errorf("to %s needs a reason", w.Verdict)
	}
	if err := plain("reason", w.Reason, maxReason); err != nil {
		return err
	}
	if w.Verdict != Exempt && (w.Until != "" || w.Owner != "") {
		return errors.New(`"until" and "owner" belong to an exemption`)
	}
	if w.Verdict == Undo != (w.Record != "") {
		return errors.New(`"record" names the fix that is to be taken back, and belongs to that alone`)
	}
	if w.Verdict == Lift || w.Verdict == Undo {
		if w.Ref != "" || w.Hash != "" {
			return fmt.Errorf(`to ask to %s is about no request yet: leave "ref" and "hash" out`, w.Verdict)
		}
		if w.Verdict == Undo {
			_, _, err := ParseRecord(w.Record)
			return err
		}
		return nil
	}
	ref, err := ParseRef(w.Ref)
	if err != nil {
		return err
	}
	if w.Hash != ref.Key.Hash {
		return errors.New(`"hash" is not that of the request: what you were shown is not what you would decide about; look again`)
	}
	switch {
	case w.Verdict == Exempt:
		return w.checkExemption(ref)
	case w.Verdict == Ask && ref.Key.Kind != approval.Fix && ref.Key.Kind != approval.People:
		return fmt.Errorf("only a fix and a change of who decides can be asked again, not a request of kind %s: ask for it anew", ref.Key.Kind)
	}
	return nil
}

func (w Word) checkExemption(ref Ref) error {
	if ref.Key.Kind != approval.Fix {
		return fmt.Errorf("only from a fix one can be exempt, not from a request of kind %s", ref.Key.Kind)
	}
	if _, err := time.Parse(time.DateOnly, w.Until); err != nil {
		return errors.New(`"until" is not a day such as 2026-12-31`)
	}
	return plain("owner", w.Owner, maxOwner)
}

// plain refuses text that is too long, or holds characters that people cannot see.
func plain(key, text string, most int) error {
	if utf8.RuneCountInString(text) > most {
		return fmt.Errorf("%q has more than %d characters", key, most)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("%q holds the character %U, which cannot be seen", key, r)
		}
	}
	return nil
}

// Said is the word as the deciding function takes it, of a person that AWS vouches for.
func (w Word) Said(identity string) (approval.Said, error) {
	if err := w.check(); err != nil {
		return approval.Said{}, err
	}
	via := map[string]string{"cli": "cli", "page": "review"}[w.Via]
	if w.Verdict == Lift {
		return approval.Said{Lift: &approval.Lifting{Why: w.Reason, Identity: identity}}, nil
	}
	if w.Verdict == Undo {
		account, seq, err := ParseRecord(w.Record)
		return approval.Said{Undo: &approval.Undoing{Account: account, Seq: seq, Why: w.Reason, Identity: identity}}, err
	}
	ref, err := ParseRef(w.Ref)
	if err != nil {
		return approval.Said{}, err
	}
	if w.Verdict == Ask {
		return approval.Said{Again: &approval.Againing{Key: ref.Key, Round: ref.Round, Why: w.Reason, Identity: identity}}, nil
	}
	if w.Verdict != Exempt {
		return approval.Said{Answer: &approval.Answer{Key: ref.Key, Round: ref.Round, Verdict: approval.Verdict(w.Verdict), Identity: identity, Via: via, Why: w.Reason}}, nil
	}
	day, err := time.Parse(time.DateOnly, w.Until)
	if err != nil {
		return approval.Said{}, err
	}
	owner := w.Owner
	if strings.TrimSpace(owner) == "" {
		owner = identity
	}
	return approval.Said{Exempt: &approval.Exempting{
		Key: ref.Key, Identity: identity, Exemption: approval.Exemption{Owner: owner, Reason: w.Reason, Until: day},
	}}, nil
}

// ParseFlat reads one JSON object whose values are all strings into the places of its keys. Other keys, a key twice, other values, keys in other letters
// and anything behind the object are refused: encoding/json would take some of them, and two readers must never see two words in one body.
func ParseFlat(body []byte, into map[string]*string) error {
	if len(body) > maxBody {
		return fmt.Errorf("the body has more than %d bytes", maxBody)
	}
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the body is not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return errors.New("the body is not a JSON object")
		}
		key, _ := name.(string) // what is no string was an error
		place, known := into[key]
		if !known || seen[key] {
			return fmt.Errorf("%q is there twice, or is no key of this", cut(key))
		}
		seen[key] = true
		value, err := dec.Token()
		text, ok := value.(string)
		if err != nil || !ok {
			return fmt.Errorf("%q is not a string", key)
		}
		*place = text
	}
	if _, err := dec.Token(); err != nil {
		return errors.New("the body is not a JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// cut bounds what is repeated of a body that is refused.
func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
