// Package slackapp is what the two halves of our Slack app agree on: the function that posts messages and the one that hears clicks. It holds the names
// of buttons, what their values say, and the form of the app's secret. It says nothing to Slack itself, so that the half that must answer within
// three seconds links little.
package slackapp

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/approval"
)

// Block is the id of the block that holds the buttons of a message.
const Block = "decide"

// The ids of the buttons.
const (
	Approve = "approve"
	Reject  = "reject"      // asks for a reason
	Exempt  = "exempt"      // asks for reason, owner and date
	Undo    = "undo"        // of what was done; asks for a reason, and then others whether to take it back
	Again   = "ask_again"   // of what was rejected or has expired; asks for a reason
	All     = "approve_all" // of a batch: each plan of it is still decided alone
	Open    = "open_plan"   // a link; Slack tells of the click all the same
)

// The ids of what the forms ask for; block and input have the same one.
const (
	Reason = "reason"
	Owner  = "owner"
	Until  = "until"
)

// The first field of a value is its version: a click on a message that an older version posted is told apart, never misread.
const (
	version = "1"
	ofAll   = "all"
	ofUndo  = "undo-of"
	// maxValue is what Slack lets a button's value hold, in characters (Block Kit reference, "Button element").
	maxValue = 2000
	maxRound = 1_000_000
)

var (
	account = regexp.MustCompile(`^[0-9]{12}$`)
	digest  = regexp.MustCompile(`^[0-9a-f]+$`)
	ident   = regexp.MustCompile(`^[A-Za-z0-9:._+-]+$`)
	stamp   = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	kinds   = map[approval.Kind]bool{approval.Fix: true, approval.Undo: true, approval.Exempt: true, approval.Lift: true, approval.People: true}
)

// AskedAgain reports whether people can be asked once more about such a thing after it was rejected or has expired. Of all others somebody asks anew, and
// says why, because they are things that a person asked for.
func AskedAgain(k approval.Kind) bool { return k == approval.Fix || k == approval.People }

// ErrValue says that a text is no value of ours.
var ErrValue = errors.New("this is no value of a button of ours")

// Value names a request and its round in a button: "1|fix|111122223333|1|HASH|OCCURRENCE". It is empty if the key cannot be one.
func Value(k approval.Key, round int64) string {
	s := strings.Join([]string{version, string(k.Kind), k.Account, strconv.FormatInt(round, 10), k.Hash, k.ID}, "|")
	if _, _, err := ReadValue(s); err != nil {
		return ""
	}
	return s
}

// ReadValue reads a value. Only what [Value] can have written is taken, to the character. The error is [ErrValue].
func ReadValue(s string) (approval.Key, int64, error) {
	f, err := fields(s, 6)
	if err != nil {
		return approval.Key{}, 0, err
	}
	k := approval.Key{Kind: approval.Kind(f[1]), Account: f[2], Hash: f[4], ID: f[5]}
	round, ok := number(f[3], maxRound)
	switch {
	case !kinds[k.Kind]:
		return approval.Key{}, 0, fmt.Errorf("%w: no request is a %.20q", ErrValue, f[1])
	case !account.MatchString(k.Account), !ok, !isHash(k.Hash), !ident.MatchString(k.ID), len(k.ID) > 200:
		return approval.Key{}, 0, fmt.Errorf("%w: a part of it has not the form it must have", ErrValue)
	}
	return k, round, nil
}

// AllValue names a batch in its button: the hash over its plans' hashes, and the message that the batch was shown in.
func AllValue(b approval.BatchID) string {
	s := strings.Join([]string{version, ofAll, b.Hash, b.TS}, "|")
	if _, err := ReadAllValue(s); err != nil {
		return ""
	}
	return s
}

// ReadAllValue reads the value of a batch. The error is [ErrValue].
func ReadAllValue(s string) (approval.BatchID, error) {
	f, err := fields(s, 4)
	if err != nil {
		return approval.BatchID{}, err
	}
	if f[1] != ofAll || !isHash(f[2]) || !stamp.MatchString(f[3]) || len(f[3]) > 32 {
		return approval.BatchID{}, fmt.Errorf("%w: it names no batch", ErrValue)
	}
	return approval.BatchID{Hash: f[2], TS: f[3]}, nil
}

// UndoValue names the record of what was done: "1|undo-of|111122223333|17". It is empty if there can be no such record.
func UndoValue(chain string, seq int64) string {
	s := strings.Join([]string{version, ofUndo, chain, strconv.FormatInt(seq, 10)}, "|")
	if _, _, err := ReadUndoValue(s); err != nil {
		return ""
	}
	return s
}

// maxRecord is more records than a chain can have.
const maxRecord = 999_999_999_999

// ReadUndoValue reads the value of the button that asks to take something back. The error is [ErrValue].
func ReadUndoValue(s string) (chain string, seq int64, err error) {
	f, err := fields(s, 4)
	if err != nil {
		return "", 0, err
	}
	seq, ok := number(f[3], maxRecord)
	if f[1] != ofUndo || !account.MatchString(f[2]) || !ok {
		return "", 0, fmt.Errorf("%w: it names no record", ErrValue)
	}
	return f[2], seq, nil
}

func fields(s string, n int) ([]string, error) {
	if len(s) > maxValue {
		return nil, fmt.Errorf("%w: %d bytes", ErrValue, len(s))
	}
	f := strings.Split(s, "|")
	switch {
	case f[0] != version:
		return nil, fmt.Errorf("%w: it is of version %.20q, not %s; decide about the newest message", ErrValue, f[0], version)
	case len(f) != n:
		return nil, fmt.Errorf("%w: it has %d parts", ErrValue, len(f))
	}
	return f, nil
}

// number reads a positive number that is written as we write it.
func number(s string, most int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 1 && n <= most && strconv.FormatInt(n, 10) == s
}

func isHash(s string) bool { return len(s) == 64 && digest.MatchString(s) }
