package rules

import "time"

// DefaultLimit is how many fixes of one control may be made in one account in an hour where the file sets no limit:
// enough for a busy day, too few to rewrite an account in a night.
const DefaultLimit = 20

// Limit bounds fixes. The engine counts every fix that it begins, single events included, under Key within Window.
type Limit struct {
	Max    int           // 0 allows none
	Window time.Duration // always an hour
	Key    string        // "s3-bucket-public/111122223333": control and account, each counted on its own
}

// LimitFor gives the lowest limit of those that match the subject, or DefaultLimit. A file that could not be read allows
// nothing.
func (f *File) LimitFor(s Subject) Limit {
	out := Limit{Window: time.Hour, Key: s.Control + "/" + s.Account}
	if f == nil {
		return out
	}
	out.Max = DefaultLimit
	found := false
	for _, l := range f.Limits {
		if f.mismatch(l.Match, s, time.Time{}) == "" && (!found || l.Max < out.Max) {
			out.Max, found = l.Max, true
		}
	}
	return out
}
