package hub

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/singleflight"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
)

const (
	// maxPlaces is how many pairs of account and Region are kept at the same time. A session holds an SDK client for each service that was used in
	// a Region, some 100 KB a place with all of them; an organisation has thousands of places, and a function 512 MB.
	maxPlaces = 128
	// renewBefore is how long before their end credentials are not given out any more: longer than one resource takes.
	renewBefore = 2 * time.Minute
)

// sessions keeps read sessions by account until shortly before they end, and of too many those that were used last. One account has one role session
// for all its Regions. Waiting for STS about one account does not hold up the others. What failed is asked again: a grant takes effect at once.
type sessions struct {
	cfg    aws.Config
	now    func() time.Time
	role   func(account string) stsapi.Assume
	flight singleflight.Group

	mu     sync.Mutex
	have   map[string]*list.Element // by account
	order  *list.List               // of *readSession, the one used last in front
	places int
}

// readSession is one account's.
type readSession struct {
	account string
	session awsapi.Session
	until   time.Time
	regions map[string]bool // given out
}

func newSessions(cfg aws.Config, now func() time.Time, role func(string) stsapi.Assume) *sessions {
	return &sessions{cfg: cfg, now: now, role: role, have: map[string]*list.Element{}, order: list.New()}
}

// Sessions returns sessions of a role, by path and name, in each account and Region, kept until shortly before they end. Name is the session's.
func Sessions(cfg aws.Config, role, name string) func(ctx context.Context, account, region string) (awsapi.Session, error) {
	partition := awsapi.PartitionOf(cfg.Region)
	return newSessions(cfg, time.Now, func(account string) stsapi.Assume {
		return stsapi.Assume{RoleARN: "arn:" + partition + ":iam::" + account + ":role/" + role, Name: name, Identity: "shoreup"}
	}).get
}

// get returns a session of the account in the Region.
func (s *sessions) get(ctx context.Context, account, region string) (awsapi.Session, error) {
	if have, ok := s.cached(account, region); ok {
		return have, nil
	}
	made, err, _ := s.flight.Do(account, func() (any, error) {
		a := s.role(account)
		a.Account, a.Region = account, region
		session, end, err := stsapi.Session(ctx, s.cfg, a)
		if err != nil {
			return nil, err
		}
		s.keep(&readSession{account: account, session: session, until: end.Add(-renewBefore), regions: map[string]bool{}})
		return session, nil
	})
	if err != nil {
		return awsapi.Session{}, err
	}
	if have, ok := s.cached(account, region); ok {
		return have, nil
	}
	return made.(awsapi.Session).In(region), nil
}

// cached returns the session that is there, if it lasts long enough.
func (s *sessions) cached(account, region string) (awsapi.Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.have[account]
	if !ok {
		return awsapi.Session{}, false
	}
	r := e.Value.(*readSession)
	if !s.now().Before(r.until) {
		s.drop(e)
		return awsapi.Session{}, false
	}
	s.order.MoveToFront(e)
	if !r.regions[region] {
		r.regions[region] = true
		s.places++
		s.trim()
	}
	return r.session.In(region), true
}

// keep takes a new session in place of the account's old one.
func (s *sessions) keep(r *readSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.have[r.account]; ok {
		s.drop(e)
	}
	s.have[r.account] = s.order.PushFront(r)
}

// trim lets go of the sessions that were not used for longest, and never of the one just used.
func (s *sessions) trim() {
	for s.places > maxPlaces && s.order.Len() > 1 {
		s.drop(s.order.Back())
	}
}

func (s *sessions) drop(e *list.Element) {
	r := s.order.Remove(e).(*readSession)
	s.places -= len(r.regions)
	delete(s.have, r.account)
}
