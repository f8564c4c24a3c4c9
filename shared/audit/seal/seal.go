// Package seal takes the audit log out of everybody's reach: what was appended to a chain is verified and then written as a segment into a bucket
// whose Object Lock nobody can lift before its time. The table can be rewritten by whoever administers the account; from then on the rewriting shows.
//
// A segment is an object chains/<chain>/<first>-<last>.jsonl with the exact bytes of the entries, one a line, numbers with 16 digits. The bucket itself
// is the memory of where sealing stopped, so there is nothing to keep in step: whatever a run did before it died, the next one goes on after it.
// Two runs at the same time may write segments that overlap; they then hold the same bytes, and readers take each entry once.
//
// What does not verify is not sealed: the chain is reported, and the others go on. What this cannot show is that entries which were not sealed yet, an hour's
// at most, were cut off a chain's end together with its head; that takes a hash seen elsewhere (see package verify).
package seal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// Limits bound what one run does, so that its memory is flat and it always gets somewhere.
type Limits struct {
	Entries int           // of one segment
	Bytes   int           // of one segment; one entry may be larger than what is left
	News    int           // entries of one chain that one run verifies and seals; the next run goes on after them
	Recheck int           // sealed entries of one chain that one run compares with the table, besides the last segment
	Objects int           // segments that it reads for that
	AtOnce  int           // chains
	Margin  time.Duration // before the context's deadline, in which nothing new is begun
}

// Standard are the limits of a deployment: some 50 MB of memory at most.
var Standard = Limits{Entries: 5000, Bytes: 4 << 20, News: 50000, Recheck: 1000, Objects: 20, AtOnce: 4, Margin: 90 * time.Second}

// Sealer seals the chains of one log.
type Sealer struct {
	Log     *audit.Log
	Session awsapi.Session // may read and write the bucket
	Bucket  string
	Now     func() time.Time
	Limits  Limits
	// Accounts returns the accounts that are looked after. Their chains are looked for whatever the table lists; nil: no account is known.
	Accounts func(context.Context) []string

	pick func(int64) int64 // a number from 0 to below the given one; nil: any
}

// Tampered says what is wrong with a chain: not that something failed, but that the log is not as it was written.
type Tampered struct {
	Chain   string `json:"chain"`
	Seq     int64  `json:"seq"` // of the first entry that is known to be wrong, 0 if it is none in particular
	Problem string `json:"problem"`
}

func (t *Tampered) Error() string {
	return fmt.Sprintf("the audit log of %s is not as it was written: entry %d: %s", t.Chain, t.Seq, t.Problem)
}

// Result is what a run did.
type Result struct {
	Chains   int        `json:"chains"`   // looked at
	Segments int        `json:"segments"` // written
	Entries  int        `json:"entries"`  // in them
	Left     int        `json:"left"`     // chains that have more to seal than there was time for
	Tampered []Tampered `json:"tampered"`
}

// Run seals what is new in every chain. The error is for what could not be read or written, chain by chain, and should be tried again; it says nothing about
// the log. What does is in the result.
func (s *Sealer) Run(ctx context.Context) (Result, error) {
	chains, err := s.chains(ctx)
	if err != nil {
		return Result{}, err
	}
	// In another order each time, so that with too little time for all of them each has its turn.
	rand.Shuffle(len(chains), func(i, j int) { chains[i], chains[j] = chains[j], chains[i] })
	var (
		mu     sync.Mutex
		g      errgroup.Group
		out    Result
		failed []error
	)
	g.SetLimit(s.Limits.AtOnce)
	for _, k := range chains {
		g.Go(func() error {
			c := &chain{Sealer: s, name: k.name}
			there, err := c.run(ctx, k)
			mu.Lock()
			defer mu.Unlock()
			if there {
				out.Chains++
			}
			out.Segments += c.segments
			out.Entries += c.entries
			var t *Tampered
			switch {
			case errors.As(err, &t):
				out.Tampered = append(out.Tampered, *t)
			case err != nil && len(failed) < 10: // enough to act upon
				failed = append(failed, fmt.Errorf("sealing the audit log of %s: %w", k.name, err))
			}
			if c.left {
				out.Left++
			}
			return nil
		})
	}
	_ = g.Wait()
	slices.SortFunc(out.Tampered, func(a, b Tampered) int { return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.Seq, b.Seq)) })
	return out, errors.Join(failed...)
}

// candidate is a chain that there may be, and who says so.
type candidate struct {
	name           string
	listed, sealed bool // by the table, by the bucket; neither: an account that is looked after
}

// chains returns all chains that there may be. The table's own list is not believed: whoever can write to the table can take a chain off it, and nobody
// would ever look for that chain again.
func (s *Sealer) chains(ctx context.Context) ([]candidate, error) {
	all := map[string]candidate{}
	listed, err := s.Log.Chains(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the audit log's chains: %w", err)
	}
	for _, name := range listed {
		all[name] = candidate{name: name, listed: true}
	}
	for folder, err := range s3api.Keys(ctx, s.Session, s.Bucket, root, "", "/") {
		if err != nil {
			return nil, fmt.Errorf("listing the sealed chains: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(folder, root), "/")
		all[name] = candidate{name, all[name].listed, true}
	}
	if s.Accounts != nil {
		for _, name := range s.Accounts(ctx) {
			all[name] = candidate{name, all[name].listed, all[name].sealed}
		}
	}
	return slices.Collect(maps.Values(all)), nil
}

// late reports whether it is too late to begin anything.
func (s *Sealer) late(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && s.Now().After(end.Add(-s.Limits.Margin))
}

// ofTable tells an error about what the table holds from one of reading it: the former is a finding about the chain.
func ofTable(chain string, seq int64, err error) error {
	var call *smithy.OperationError
	if errors.As(err, &call) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Tampered{chain, seq, "the table: " + err.Error()}
}
