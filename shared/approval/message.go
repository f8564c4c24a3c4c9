package approval

import (
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// What travels on the queues of the deciding function.

// Pointer says where the deciding function should look: at a resource, or at a message in which people are shown a request. It is not believed in anything
// else.
type Pointer struct {
	Control  string          `json:"control"`
	Resource awsapi.Resource `json:"resource"`
	Clicked  time.Time       `json:"clicked,omitzero"` // when somebody asked for a fix in Security Hub, nobody knows who
	Posted   *Posting        `json:"posted,omitempty"` // beside a resource, or instead of one
	Batch    *Batch          `json:"batch,omitempty"`  // instead of a resource
}

// Said is what a person said, as whoever heard it passes it on. Exactly one of the first seven is there.
type Said struct {
	Answer  *Answer    `json:"answer,omitempty"`
	Exempt  *Exempting `json:"exempt,omitempty"`
	Again   *Againing  `json:"again,omitempty"`
	Lift    *Lifting   `json:"lift,omitempty"`
	Undo    *Undoing   `json:"undo,omitempty"`
	All     *Together  `json:"all,omitempty"`
	Refused *Unheard   `json:"refused,omitempty"`
	Reply   *Reply     `json:"reply,omitempty"` // where the speaker hears why a word changed nothing
}

// Words is how many of the seven kinds of words it holds.
func (s Said) Words() int {
	n := 0
	for _, there := range []bool{s.Answer != nil, s.Exempt != nil, s.Again != nil, s.Lift != nil, s.Undo != nil, s.All != nil, s.Refused != nil} {
		if there {
			n++
		}
	}
	return n
}

// Exempting asks for an exemption from what a request is about.
type Exempting struct {
	Key       Key       `json:"key"`
	Exemption Exemption `json:"exemption"` // owner, reason and until; the rest is taken from the request
	Identity  string    `json:"identity"`
}

// Againing asks once more about what was rejected or has expired. Its hash says exactly about what, and its round which end is meant: the same word a second
// time asks nothing.
type Againing struct {
	Key      Key    `json:"key"`
	Round    int64  `json:"round"`
	Why      string `json:"why"`
	Identity string `json:"identity"`
}

// Lifting asks to lift the kill switch.
type Lifting struct {
	Why      string `json:"why"`
	Identity string `json:"identity"`
}

// Undoing asks to take back a fix, named by the record of its intent or of its result.
type Undoing struct {
	Account  string `json:"account"`
	Seq      int64  `json:"seq"`
	Why      string `json:"why"`
	Identity string `json:"identity"`
}

// Together is one word about each plan of a batch alone.
type Together struct {
	Batch    BatchID `json:"batch"`
	Verdict  Verdict `json:"verdict"`
	Identity string  `json:"identity"`
	Via      string  `json:"via"`
	Why      string  `json:"why"`
}

// Unheard is a word that whoever heard it did not let through. It changes nothing and is put on the record.
type Unheard struct {
	Key      Key     `json:"key"` // as far as it could be read
	Round    int64   `json:"round"`
	Verdict  Verdict `json:"verdict"`
	Identity string  `json:"identity"`
	Via      string  `json:"via"`
	Code     string  `json:"code"`
	Why      string  `json:"why"`
	Known    bool    `json:"known,omitempty"` // whoever heard it has proved that the identity is the speaker's
}

// Reply names a person in a channel.
type Reply struct {
	Channel string `json:"channel"`
	User    string `json:"user"`
}

// Note is for one person, or about a batch: what is no news of a single request.
type Note struct {
	To      *Reply   `json:"to,omitempty"`
	Code    string   `json:"code"`
	Why     string   `json:"why"`
	Stands  bool     `json:"stands,omitempty"` // nothing is lost: the same person said the same before, and that counts
	Batch   *Batch   `json:"batch,omitempty"`
	Person  string   `json:"person"`            // who spoke about the batch
	Results []Result `json:"results,omitempty"` // of each plan of the batch

	Switch *Switched `json:"switch,omitempty"` // for everybody, and nothing else then
}

// Result is what became of one plan when a batch was decided.
type Result struct {
	Key   Key    `json:"key"`
	State State  `json:"state"`
	Why   string `json:"why"` // why the word changed nothing; empty: it counted
}

// Place is a message in a channel.
type Place struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Thread  string `json:"thread,omitempty"` // the message that it stands below, if any
	// Escalated is set where people hear only of what others let lie.
	Escalated bool `json:"escalated,omitempty"`
}

// Posting says where people are shown a request.
type Posting struct {
	Key     Key             `json:"key"`
	Channel string          `json:"channel"`
	TS      string          `json:"ts"`
	Thread  string          `json:"thread,omitempty"`
	Shown   json.RawMessage `json:"shown,omitempty"` // the message's blocks, to change it later
	// Escalated is set where people hear only of what others let lie.
	Escalated bool `json:"escalated,omitempty"`
}
