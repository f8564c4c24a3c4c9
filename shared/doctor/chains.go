package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// chainFacts are the chains of the audit log, however they were found.
type chainFacts struct {
	names     []string        // sorted
	unlisted  map[string]bool // those that are there, and that the table does not list
	err       error           // the table could not be asked
	bucketErr error           // the bucket could not be
}

// asked is how many accounts are looked up at a time.
const asked = 8

// sealedRoot is what the names of sealed parts begin with; the chain's name follows.
const sealedRoot = "chains/"

func (v *visit) log() *audit.Log {
	return audit.New(v.store, v.table(occurrence.AuditTable), v.Now, "doctor")
}

// readChains looks for chains in more places than the table's own list: whoever can write to the table can take a chain off that. The accounts of the rules
// file may have one, the installation's own may, and what was sealed was once there.
func (v *visit) readChains(ctx context.Context) chainFacts {
	f := chainFacts{unlisted: map[string]bool{}}
	log := v.log()
	if f.names, f.err = log.Chains(ctx); f.err != nil {
		return f
	}
	others := map[string]bool{v.Account: false} // true: was sealed
	if file := v.file(ctx).file; file != nil {
		for _, a := range file.Accounts {
			others[a.ID] = false
		}
	}
	if bucket := v.setting(ctx, "SHOREUP_AUDIT_BUCKET"); bucket != "" {
		for folder, err := range s3api.Keys(ctx, v.Own, bucket, sealedRoot, "", "/") {
			if err != nil {
				f.bucketErr = err
				break
			}
			if name, ok := strings.CutSuffix(strings.TrimPrefix(folder, sealedRoot), "/"); ok {
				others[name] = true
			}
		}
	}
	for _, name := range f.names {
		delete(others, name)
	}
	f.err = f.look(ctx, log, others)
	slices.Sort(f.names)
	return f
}

// look adds the chains that are there although the table does not list them. What was sealed is one even if the table has nothing of it.
func (f *chainFacts) look(ctx context.Context, log *audit.Log, others map[string]bool) error {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(asked)
	for _, name := range slices.Sorted(maps.Keys(others)) {
		g.Go(func() error {
			has, err := log.Has(ctx, name)
			if err != nil || !has && !others[name] {
				return err
			}
			listed, err := log.Listed(ctx, name) // it may have begun after the list was read
			mu.Lock()
			defer mu.Unlock()
			f.names = append(f.names, name)
			f.unlisted[name] = has && !listed
			return err
		})
	}
	return g.Wait()
}

func (v *visit) unlistedFinding(chain string) Finding {
	table := v.table(occurrence.AuditTable)
	return v.here(Problem, chain, audit.Unlisted,
		tampering+"look up in CloudTrail's data events who deleted that row of "+table+", then put it back: "+
			v.aws()+`dynamodb put-item --table-name `+table+` --item '{"pk":{"S":"#chains"},"sk":{"S":"`+chain+`"}}'`)
}

// once has something looked at by the first who asks, and remembered for the others.
func once[T any](look func(context.Context) T) func(context.Context) T {
	var first sync.Once
	var facts T
	return func(ctx context.Context) T {
		first.Do(func() { facts = look(ctx) })
		return facts
	}
}
