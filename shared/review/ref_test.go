package review

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/approval"
)

const (
	home  = "111122223333"
	other = "444455556666"
)

var hash = strings.Repeat("0123456789abcdef", 4)

func fix() Ref {
	return Ref{approval.Key{Account: other, Kind: approval.Fix, ID: "01KB0000000000000000000001", Hash: hash}, 1}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	for _, r := range []Ref{
		fix(),
		{approval.Key{Account: home, Kind: approval.Undo, ID: "42", Hash: hash}, 3},
		{approval.Key{Account: home, Kind: approval.Exempt, ID: "01KB0000000000000000000001", Hash: hash}, 1},
		{approval.Key{Account: home, Kind: approval.Lift, ID: "2026-11-22T10:00:00.123456789Z", Hash: hash}, 1},
		{approval.Key{Account: home, Kind: approval.People, ID: "people", Hash: hash}, 1_000_000},
	} {
		if got, err := ParseRef(r.String()); err != nil || got != r {
			t.Errorf("%s became %+v, %v", r, got, err)
		}
	}
	good := fix().String()
	if good != "fix/444455556666/1/"+hash+"/01KB0000000000000000000001" {
		t.Errorf("a ref is %s", good)
	}
	for _, s := range []string{
		"", "/", "////", good + "/", good + "/x", " " + good, good + " ", good + "\n", strings.ToUpper(good), strings.Replace(good, "fix", "drop", 1), strings.Replace(good, "fix", "", 1),
		strings.Replace(good, "/1/", "/0/", 1), strings.Replace(good, "/1/", "/-1/", 1), strings.Replace(good, "/1/", "/01/", 1), strings.Replace(good, "/1/", "/+1/", 1),
		strings.Replace(good, "/1/", "/1000001/", 1), strings.Replace(good, "/1/", "/99999999999999999999/", 1), strings.Replace(good, "/1/", "//", 1),
		strings.Replace(good, other, "44445555666", 1), strings.Replace(good, other, "4444555566660", 1), strings.Replace(good, other, "４４４４55556666", 1),
		strings.Replace(good, hash, hash[1:], 1), strings.Replace(good, hash, hash+"0", 1), strings.Replace(good, hash, strings.ToUpper(hash), 1), strings.Replace(good, hash, strings.Repeat("g", 64), 1),
		strings.Replace(good, "01KB", "#1KB", 1), strings.Replace(good, "01KB", "é1KB", 1), good[:strings.LastIndex(good, "/")+1], good + strings.Repeat("0", 64), strings.Repeat("a", 400),
	} {
		if r, err := ParseRef(s); err == nil {
			t.Errorf("%q was taken for %+v", s, r)
		}
	}
}

// FuzzParseRef: what is taken is written again to the character, and names nothing that breaks a key of the table apart.
func FuzzParseRef(f *testing.F) {
	for _, s := range []string{fix().String(), "lift/111122223333/1/" + hash + "/2026-11-22T10:00:00Z", "fix/1/1/1/1", "////", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err == nil && (r.String() != s || r.Round < 1 || len(r.Key.Hash) != 64 || strings.ContainsAny(r.Key.ID+r.Key.Account, "#/\n ")) {
			t.Errorf("%q was taken for %+v", s, r)
		}
	})
}
