package review

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/shoreup/shoreup/shared/approval"
)

// Ref names one round of a request: exactly what people were shown. Its text is "fix/111122223333/1/HASH/OCCURRENCE".
type Ref struct {
	Key   approval.Key
	Round int64
}

// RefOf names a request as it is now.
func RefOf(r approval.Request) Ref { return Ref{r.Key, r.Round} }

// String is the text that [ParseRef] reads.
func (r Ref) String() string {
	return strings.Join([]string{string(r.Key.Kind), r.Key.Account, strconv.FormatInt(r.Round, 10), r.Key.Hash, r.Key.ID}, "/")
}

const maxRound = 1_000_000

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	hexText   = regexp.MustCompile(`^[0-9a-f]+$`)
	// An occurrence's id, the number of a record, a time, or "people".
	plainID = regexp.MustCompile(`^[A-Za-z0-9:.+-]+$`)

	kinds = map[approval.Kind]bool{approval.Fix: true, approval.Undo: true, approval.Exempt: true, approval.Lift: true, approval.People: true}

	errRef = errors.New(`"ref" is not the name of a request, as GET lists it`)
)

// ParseRef reads a name; only what [Ref.String] can have written is taken, to the character.
func ParseRef(s string) (Ref, error) {
	part := strings.Split(s, "/")
	if len(s) > 300 || len(part) != 5 {
		return Ref{}, errRef
	}
	round, err := strconv.ParseInt(part[2], 10, 64)
	r := Ref{approval.Key{Kind: approval.Kind(part[0]), Account: part[1], Hash: part[3], ID: part[4]}, round}
	switch {
	case err != nil || round < 1 || round > maxRound, r.String() != s, !kinds[r.Key.Kind], !accountID.MatchString(r.Key.Account):
		return Ref{}, errRef
	case len(r.Key.Hash) != 64 || !hexText.MatchString(r.Key.Hash), len(r.Key.ID) > 64 || !plainID.MatchString(r.Key.ID):
		return Ref{}, errRef
	}
	return r, nil
}

// maxRecord is more records than a chain can have: twelve digits are what people can still read.
const maxRecord = 999_999_999_999

// ParseRecord reads the name of an audit record, ACCOUNT/SEQ, as reports, messages and shoreup audit list show it.
func ParseRecord(s string) (account string, seq int64, err error) {
	account, number, _ := strings.Cut(s, "/")
	seq, err = strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || seq > maxRecord || strconv.FormatInt(seq, 10) != number || !accountID.MatchString(account) {
		return "", 0, fmt.Errorf("%q is no record: write ACCOUNT/SEQ, as shoreup audit list shows it", cut(s))
	}
	return account, seq, nil
}
