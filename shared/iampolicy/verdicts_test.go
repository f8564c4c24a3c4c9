package iampolicy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVerdicts reads tables of policies with the verdict that AWS's documents give them. A new trap is a line there.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, table := range []struct {
		file  string
		judge func(Document, string) string
	}{{"public.txt", publicVerdict}, {"identity.txt", identityVerdict}, {"trust.txt", trustVerdict}} {
		raw, err := os.ReadFile(filepath.Join("testdata", table.file))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(raw)) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			n++
			fields := strings.SplitN(line, " | ", 3)
			want, statements := fields[0], fields[len(fields)-1]
			d, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
			got := "unreadable"
			if err == nil {
				got = table.judge(d, fields[1])
			}
			if got != want {
				t.Errorf("%s: got %q, want %q for %s (%v)", table.file, got, want, statements, err)
			}
		}
		if n < 50 {
			t.Errorf("%s has %d lines: it was longer", table.file, n)
		}
	}
}

func publicVerdict(d Document, kind string) string {
	kinds := map[string]Kind{"s3": S3Bucket, "s3-access-point": S3AccessPoint, "sqs": SQS, "sns": SNS, "kms": KMS, "lambda": Lambda}
	worst := NotPublic
	for _, e := range PublicStatements(d, kinds[kind]) {
		worst = max(worst, e.Verdict)
	}
	return worst.String()
}

func identityVerdict(d Document, _ string) string {
	if got := rungs(JudgeIdentity(d)); got != "" {
		return got
	}
	return "fine"
}

func trustVerdict(d Document, _ string) string {
	var got []string
	for _, f := range JudgeTrust(d, "111122223333") {
		name := map[TrustKind]string{Open: "open", SharedOIDC: "oidc", ForeignAccount: "foreign", WholeCluster: "cluster"}[f.Kind]
		if f.Unsettled {
			name += "?"
		}
		got = append(got, name)
	}
	if len(got) == 0 {
		return "fine"
	}
	return strings.Join(got, " ")
}
