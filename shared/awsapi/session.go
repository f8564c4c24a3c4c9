// Package awsapi is the only way to AWS: sessions that hide their credentials, read operations that can be done, write operations that
// can only be described, limiters that keep within the account's quotas, and one place where AWS errors get their meaning.
//
// The services' own packages below it (s3api, ec2api, ...) declare the operations and resource types; they alone name SDK clients.
package awsapi

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Session is access to one account in one Region. Its credentials are hidden, so that code which holds a session can only use declared operations.
type Session struct {
	Account, Region string
	shared          *sharedState
}

// sharedState is what all sessions over one configuration have in common: the configuration and the clients made from it.
type sharedState struct {
	cfg     aws.Config
	local   bool     // AWS is an emulator on this machine
	clients sync.Map // clientKey -> *client
}

type clientKey struct{ region, kind string }

// NewSession makes a session from SDK configuration. Only the program's edge (functions, command line, tests) has one.
func NewSession(cfg aws.Config, account, region string) Session {
	return Session{Account: account, Region: region, shared: &sharedState{cfg: cfg, local: Loopback(aws.ToString(cfg.BaseEndpoint))}}
}

// Loopback reports whether a URL leads to this machine, by its address and not by a name that anybody could give to another.
func Loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(u.Hostname())
	return err == nil && at.IsLoopback()
}

// In returns the same access in another Region of the same account.
func (s Session) In(region string) Session {
	s.Region = region
	return s
}

// Partition returns the partition that the session's Region belongs to.
func (s Session) Partition() string { return PartitionOf(s.Region) }

func (s Session) config() aws.Config {
	cfg := s.shared.cfg.Copy()
	cfg.Region = s.Region
	return cfg
}

// Client returns the session's client of one kind, made once per Region. It is for the services' packages; a test keeps controls from it.
func Client[C, Opt any](s Session, make func(aws.Config, ...func(*Opt)) *C) (*C, error) {
	if s.shared == nil {
		return nil, fmt.Errorf("using a session of account %q that has no credentials", s.Account)
	}
	key := clientKey{s.Region, fmt.Sprintf("%T", (*C)(nil))}
	if c, ok := s.shared.clients.Load(key); ok {
		return c.(*C), nil
	}
	c, _ := s.shared.clients.LoadOrStore(key, make(s.config()))
	return c.(*C), nil
}

// PartitionOf returns the partition of a Region: aws, aws-cn, aws-us-gov, or an isolated one. Source: AWS General Reference, "Amazon Resource Names".
func PartitionOf(region string) string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}

// HomeRegion returns the Region in which a partition's global services (IAM, account settings) live and send their events.
func HomeRegion(partition string) string {
	home, ok := map[string]string{
		"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1",
		"aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1",
	}[partition]
	if !ok {
		return "us-east-1"
	}
	return home
}
