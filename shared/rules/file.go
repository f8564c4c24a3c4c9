package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// FormatVersion is the value of "version" that this package reads.
const FormatVersion = 1

// File is a loaded shoreup.yaml. It is not to be changed after Load; it is safe for concurrent use. A nil *File is a
// file that could not be read: it refuses everything.
type File struct {
	Accounts            []Account // empty: every account is enrolled
	TrustedTags         []string
	KeepPorts           []int          // ports that may stay open to the world when a wider range is narrowed
	ReplacementIPv4     []netip.Prefix // what may take the place of a world-open IPv4 source
	ReplacementIPv6     []netip.Prefix
	ProtectedPrincipals []string      // ARNs and ARN paths that are never written
	KeysUnusedAfter     time.Duration // from when an access key counts as unused; see KeyAge
	DefaultMode         Mode          // Report or Approve, for what no rule matches
	Rules               []Rule
	Exceptions          []Exception
	Limits              []LimitRule
	Freezes             []Freeze
	KillSwitch          bool
	Slack               Slack
	People              []Person
	Approvals           []ApprovalRule

	data string // the exact bytes
}

// Account is an enrolled account.
type Account struct {
	ID      string
	Name    string
	Groups  []string
	Regions []string // empty: all
}

// Rule gives a mode to what it matches and its exclusion does not.
type Rule struct {
	Name   string
	Match  Match
	Except Match // empty: excludes nothing
	Mode   Mode
	Reason string
	Line   int // in the file, from 1
}

// Match is true when every field that is set has an entry that fits. The empty Match fits everything.
type Match struct {
	Controls   []string // patterns
	Families   []string
	Services   []string
	Severities []string
	Accounts   []string
	Groups     []string
	Regions    []string
	Resources  []string            // patterns on the ARN or the id
	Tags       map[string][]string // key to values, all keys must fit
	Origin     []string
}

func (m Match) empty() bool {
	return len(m.Controls)+len(m.Families)+len(m.Services)+len(m.Severities)+len(m.Accounts)+len(m.Groups)+
		len(m.Regions)+len(m.Resources)+len(m.Tags)+len(m.Origin) == 0
}

// Exception is a thing that nobody may fix until a date. It names controls in full and a resource or an account.
type Exception struct {
	Controls []string
	Resource string // pattern; "" = every resource of Account
	Account  string // "" = any
	Region   string // "" = any
	Owner    string
	Reason   string
	Expires  time.Time // the instant it ends: midnight UTC after the day in the file
	Line     int
}

// LimitRule bounds fixes in an hour for what it matches; see LimitFor.
type LimitRule struct {
	Match Match // controls, accounts and groups only
	Max   int
	Line  int
}

// Freeze is a time in which nothing is written: from From to To once, or each week.
type Freeze struct {
	Name     string
	From, To time.Time // zero for weekly ones
	Weekly   *Weekly
	Match    Match // accounts, groups and regions only; empty = everywhere
	Line     int
}

// Weekly is a window on certain days, in minutes after local midnight; a window does not cross midnight.
type Weekly struct {
	Days     []time.Weekday
	From, To int // To is at most 24*60
	Zone     *time.Location
}

// Slack says where messages go. It holds no secrets.
type Slack struct {
	Channel string // "" = the deployment's own
	Team    string // id of the workspace whose members may decide; "" = nobody may in Slack
	Page    string // address of a page that shows the newest report, for the button Open plan; "" = there is none
	Routes  []Route
}

// Route sends what it matches to a channel of its own.
type Route struct {
	Match   Match // severities, families, accounts and groups only
	Channel string
}

// Default is the file of someone who wrote none: everything is reported, nothing changed.
func Default() *File { return &File{} }

// Load reads a shoreup.yaml. On any problem the file is nil and the error a *LoadError that lists all problems. Load
// does not look at the clock, so a file that loads today loads tomorrow; what has run out is told by Warnings.
func Load(data []byte) (*File, error) {
	root, err := parseTree(data)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: &File{data: string(data)}}
	d.root(root)
	for _, check := range d.later {
		check()
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return d.file, nil
}

// Hash is the SHA-256 of the file's exact bytes, in lower-case hex; Default has the hash of no bytes.
func (f *File) Hash() string {
	if f == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(f.data))
	return hex.EncodeToString(sum[:])
}

// Version names this content for people: the format's version and the first 12 digits of the hash, "v1-0123456789ab".
func (f *File) Version() string {
	if f == nil {
		return "unreadable"
	}
	return "v1-" + f.Hash()[:12]
}

// KeyAge is how long an access key must have been unused before it counts as unused (90 days unless set).
func (f *File) KeyAge() time.Duration {
	if f == nil || f.KeysUnusedAfter == 0 {
		return 90 * 24 * time.Hour
	}
	return f.KeysUnusedAfter
}
