package hub

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

// rulesFor is how long a read rules file is used before it is read again. The kill switch does not wait for it: it is an item of its own.
const rulesFor = 30 * time.Second

// RulesSource reads the rules file and keeps it for a short while. A file that cannot be read or has a mistake is nil: everything is refused.
type RulesSource struct {
	Where   string // s3://bucket/key or a path
	Session awsapi.Session
	Known   rules.Known // what the file may name
	Now     func() time.Time

	mu   sync.Mutex
	file *rules.File
	read time.Time
}

// Get returns the file in force.
func (s *RulesSource) Get(ctx context.Context) *rules.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && s.Now().Sub(s.read) < rulesFor {
		return s.file
	}
	s.read, s.file = s.Now(), nil
	data, err := s.load(ctx)
	if err == nil {
		s.file, err = LoadRules(data, s.Known)
	}
	if err != nil {
		s.file = nil
		slog.ErrorContext(ctx, "the rules file cannot be used, so nothing will be changed", "where", s.Where, "error", err.Error())
	}
	return s.file
}

func (s *RulesSource) load(ctx context.Context) ([]byte, error) {
	rest, isS3 := strings.CutPrefix(s.Where, "s3://")
	if !isS3 {
		return os.ReadFile(s.Where)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	data, _, err := s3api.GetObject(ctx, s.Session, bucket, key)
	return data, err
}

// LoadRules loads a rules file and checks it against the catalogue.
func LoadRules(data []byte, known rules.Known) (*rules.File, error) {
	file, err := rules.Load(data)
	if err != nil {
		return nil, err
	}
	if err := file.Check(known); err != nil {
		return nil, err
	}
	return file, nil
}

// Known is what a rules file may name.
func Known(controls []core.Control) rules.Known {
	var k rules.Known
	for _, c := range controls {
		k.Controls = append(k.Controls, c.ID)
		k.Each = append(k.Each, rules.KnownControl{ID: c.ID, Family: c.Family, Service: c.Service, Severity: string(c.Severity), Global: c.Type.Global})
		if c.AccountWide || c.Family == core.FamilyIAM {
			k.NeverAuto = append(k.NeverAuto, c.ID)
		}
		if !slices.Contains(k.Families, c.Family) {
			k.Families = append(k.Families, c.Family)
		}
		if !slices.Contains(k.Services, c.Service) {
			k.Services = append(k.Services, c.Service)
		}
	}
	return k
}
