package signal

import (
	"fmt"
	"strings"
)

// ARN is an Amazon Resource Name in its parts: arn:partition:service:region:account:resource.
// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
type ARN struct {
	Partition string
	Service   string
	Region    string // empty for global services and for S3 buckets
	Account   string // 12 digits; empty for S3 buckets and public images; "aws" for what AWS owns
	Resource  string // everything after the fifth colon; may hold colons and slashes
}

const maxARN = 2048

// ParseARN takes an ARN apart. It is strict: a known partition, a service in small letters, an account that is empty, "aws" or 12 digits,
// a Region that is empty or of the ARN's own partition, and a resource without spaces or control characters.
func ParseARN(s string) (ARN, error) {
	if len(s) > maxARN {
		return ARN{}, fmt.Errorf("parsing ARN: %d bytes long, at most %d expected", len(s), maxARN)
	}
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ARN{}, fmt.Errorf("parsing ARN %q: want arn:partition:service:region:account:resource", s)
	}
	a := ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}
	switch {
	case !KnownPartition(a.Partition):
		return ARN{}, fmt.Errorf("parsing ARN %q: unknown partition %q", s, a.Partition)
	case !isServiceName(a.Service):
		return ARN{}, fmt.Errorf("parsing ARN %q: bad service %q", s, a.Service)
	case a.Region != "" && PartitionOf(a.Region) != a.Partition:
		return ARN{}, fmt.Errorf("parsing ARN %q: Region %q is not in partition %q", s, a.Region, a.Partition)
	case a.Account != "" && a.Account != "aws" && !IsAccountID(a.Account):
		return ARN{}, fmt.Errorf("parsing ARN %q: bad account %q", s, a.Account)
	case a.Resource == "" || !IsPlainText(a.Resource):
		return ARN{}, fmt.Errorf("parsing ARN %q: bad resource %q", s, a.Resource)
	}
	return a, nil
}

// String puts the ARN together again; ParseARN(a.String()) gives a.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// IsAccountID tells whether s is 12 decimal digits.
func IsAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// IsPlainText tells whether s has no white space, control or replacement characters. No AWS identifier we use has any,
// so their presence means a forged or damaged event.
func IsPlainText(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == '\uFFFD' || (r >= 0x80 && r < 0xa1) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

func isServiceName(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
