// Package html writes a report as one page that needs nothing else: no network, no server, no other file. It opens from a disk, a bucket or an
// attachment.
//
// The page is static. Its style and its script are files of this package, put into it as they are; the report stands in it as JSON that cannot leave
// its element, and the script makes elements of it by text alone. A content security policy allows exactly that style and that script, by their
// hashes, and no connection to anywhere.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report"
	reportjson "github.com/shoreup/shoreup/shared/report/json"
)

//go:embed page
var page embed.FS

// The parts of the page, in the order in which they are put together: a script may only use at its top what stands before it.
var (
	styles  = []string{"style.css", "lists.css"}
	scripts = []string{"logic.js", "dom.js", "list.js", "review.js", "details.js", "charts.js", "overview.js", "keys.js", "app.js"}
)

// Options say what the page may do besides showing. The zero value is a page for a file.
type Options struct {
	// Review turns on deciding; nil: the page decides nothing.
	Review *Review
}

// Review is where the page sends decisions. A decision is a POST of JSON with the keys verdict (approve, reject, exempt, undo, ask), plan, hash, occurrence,
// approval (the id of the question, if somebody was asked), record (of the fix, for undo), reason and until (a date, for exempt), and with the token in the
// header X-Shoreup-Token.
// Any status 2xx means that it was recorded; the answer is a JSON object whose "message" is shown.
type Review struct {
	Token    string // proves that the request comes from this page; no proof of who sends it
	Endpoint string // a path on the page's own server, such as "/decide"
	You      string // as whom the reader decides; empty: not known
}

// Write writes the page. The report is streamed: no copy of it is made.
func Write(w io.Writer, r report.Report, o Options) error {
	before, after, err := frame(o)
	if err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	if _, err := w.Write(before); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	if err := reportjson.WriteEscaped(w, r); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	if _, err := w.Write(after); err != nil {
		return fmt.Errorf("writing the report's page: %w", err)
	}
	return nil
}

// frame is the page without its data: what stands before and what stands after.
func frame(o Options) (before, after []byte, err error) {
	text, err := joined([]string{"index.html"})
	if err != nil {
		return nil, nil, err
	}
	style, err := joined(styles)
	if err != nil {
		return nil, nil, err
	}
	script, err := joined(scripts)
	if err != nil {
		return nil, nil, err
	}
	review, err := o.Review.meta()
	if err != nil {
		return nil, nil, err
	}
	connect := "'none'"
	if o.Review != nil {
		connect = "'self'"
	}
	policy := fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src %s; base-uri 'none'; form-action 'none'", digest(style), digest(script), connect)
	text = strings.NewReplacer("{{policy}}", policy, "{{review}}", review, "{{style}}", style, "{{script}}", script).Replace(text)
	before, after, found := bytes.Cut([]byte(text), []byte("{{data}}"))
	if !found {
		return nil, nil, errors.New("the page has no place for its data")
	}
	return before, after, nil
}

// meta is the element that tells the script where decisions go. Somewhere else than the page's own server is refused: the token would go there.
func (r *Review) meta() (string, error) {
	if r == nil {
		return "", nil
	}
	u, err := url.Parse(r.Endpoint)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(r.Endpoint, "//") || strings.Contains(r.Endpoint, `\`) {
		return "", fmt.Errorf("the endpoint %q is not a path of the page's own server", r.Endpoint)
	}
	if r.Token == "" {
		return "", errors.New("a page that decides needs a token")
	}
	return fmt.Sprintf(`<meta name="shoreup-review" content="%s" data-endpoint="%s" data-you="%s">`, html.EscapeString(r.Token), html.EscapeString(r.Endpoint), html.EscapeString(show.Visible(r.You))), nil
}

func joined(names []string) (string, error) {
	var b strings.Builder
	for _, name := range names {
		raw, err := page.ReadFile(path.Join("page", name))
		if err != nil {
			return "", err
		}
		b.Write(raw)
	}
	return b.String(), nil
}

// digest is a source expression of a content security policy (CSP level 3, 2.3.1).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
