package reports

import (
	"context"
	"sort"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/report"
)

// page is how many entries are read at a time.
const page = 500

// window is the part of a chain that is read: after the first, up to the head.
type window struct {
	account     string
	after, last int64
}

// entries reads the part of each chain that the report covers. Where that is more than may be kept, every chain gives up its oldest in proportion.
func (s Source) entries(ctx context.Context, g *Gathered) error {
	var windows []window
	total := int64(0)
	for _, account := range s.Accounts {
		head, err := s.Tables.Log.Head(ctx, account)
		if err != nil {
			return err
		}
		g.Accounts = append(g.Accounts, report.Account{ID: account, Name: s.name(account), Head: report.Head{Seq: head.Seq, Hash: head.Hash, Time: head.Time}})
		after, err := s.before(ctx, account, head.Seq, s.since(g.Now))
		if err != nil {
			return err
		}
		windows = append(windows, window{account, after, head.Seq})
		total += head.Seq - after
	}
	for _, w := range windows {
		if most := int64(g.left.Entries); total > most {
			w.after = w.last - (w.last-w.after)*most/total
			g.cut("the older ones of the %d records of %s", w.last, w.account)
		}
		if err := s.read(ctx, g, w); err != nil {
			return err
		}
	}
	return nil
}

// before returns the number of the last entry before a time. The times of a chain never go back.
func (s Source) before(ctx context.Context, chain string, last int64, at time.Time) (int64, error) {
	var failed error
	n := sort.Search(int(last), func(i int) bool {
		if failed != nil {
			return true
		}
		e, err := s.Tables.Log.Get(ctx, chain, int64(i)+1)
		failed = err
		return err == nil && !e.Time.Before(at)
	})
	return int64(n), failed
}

// read reads a window. The bytes behind an entry are let go of at once; a detail that there is no room for is left out.
func (s Source) read(ctx context.Context, g *Gathered, w window) error {
	for after := w.after; after < w.last; {
		s.say("reading the records of %s: %d of %d", w.account, after, w.last)
		entries, err := s.Tables.Log.List(ctx, w.account, after, page)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		after = entries[len(entries)-1].Seq
		for _, e := range entries {
			if e.Seq <= w.last { // what is appended meanwhile is for the next report
				g.Entries = append(g.Entries, g.kept(e))
			}
		}
	}
	return nil
}

func (g *Gathered) kept(e audit.Entry) audit.Entry {
	e.Body = nil
	if !g.room(len(e.Detail)) {
		e.Detail = nil
		g.cut("the details of record %s/%d and others", e.Chain, e.Seq)
		return e
	}
	e.Detail = append([]byte(nil), e.Detail...) // not a part of the page that it was read in
	return e
}
