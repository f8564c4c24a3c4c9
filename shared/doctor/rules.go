package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
)

func rulesFile(ctx context.Context, v *visit) []Finding {
	f := v.file(ctx)
	switch {
	case f.where == "":
		return []Finding{v.here(NotChecked, "", "nobody knows where it is", "name it with --rules s3://BUCKET/shoreup.yaml")}
	case awsapi.IsNotFound(f.err) || errors.Is(f.err, fs.ErrNotExist):
		return []Finding{v.here(Warning, f.where, "there is no rules file: everything is refused and nothing changed", "write one (shoreup rules check), and put it there")}
	case f.err != nil:
		return []Finding{failed(v.here(OK, f.where, "", ""), f.err, "s3:GetObject")}
	case f.wrong != nil:
		return []Finding{v.here(Problem, f.where, "it has a mistake, so nothing is changed: "+f.wrong.Error(), "correct it (shoreup rules check) and put it there again")}
	}
	seen := fmt.Sprintf("%s: %s, %s, version %s", f.where, plural(len(f.file.Rules), "rule"), plural(len(f.file.Exceptions), "exception"), f.file.Version())
	out := []Finding{v.here(OK, "", seen, "")}
	if strings.HasPrefix(f.where, "s3://") && (f.version == "" || f.version == "null") {
		out = append(out, v.here(Problem, f.where, "its bucket keeps no versions, so the file that a plan was made with cannot be found again", "turn versioning on in the bucket and put the file there again"))
	}
	for _, w := range f.file.Warnings(v.Now(), v.Known) {
		out = append(out, v.here(Warning, fmt.Sprintf("line %d", w.Line), w.Text, ""))
	}
	return out
}
