package review

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
)

// browser is the part of a browser that the page needs: cookies, and what its script sends.
type browser struct {
	t      *testing.T
	client *http.Client
	origin string
	token  string
	decide string
	report struct {
		Waiting []struct{ Approval, Plan, Kind string }
		Plans   []struct{ ID, Hash, Key, Occurrence string }
		Refused []struct {
			AskAgain string `json:"ask_again"`
		}
		Only string
	}
}

var (
	metaTag  = regexp.MustCompile(`<meta name="shoreup-review" content="([^"]+)" data-endpoint="([^"]+)" data-you="[^"]*">`)
	dataPart = regexp.MustCompile(`(?s)<script type="application/json" id="report">(.*?)</script>`)
)

// reviewing starts shoreup review as a person, and opens the link that it prints.
func (w *world) reviewing(who reviewtest.Principal, env []string, args ...string) *browser {
	w.t.Helper()
	u := w.link(who, env, args...)
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &browser{t: w.t, client: &http.Client{Jar: jar, Timeout: time.Minute}, origin: u.Scheme + "://" + u.Host}
	b.get(u.String())
	b.load(b.origin + u.Path[:strings.LastIndex(u.Path, "/")+1])
	return b
}

// link starts shoreup review as a person until the test ends, and returns the link that it prints.
func (w *world) link(who reviewtest.Principal, env []string, args ...string) *url.URL {
	w.t.Helper()
	ctx, end := context.WithCancel(context.Background())
	cmd := w.command(ctx, append(as(who), env...), append([]string{"review"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	link, err := bufio.NewReader(out).ReadString('\n')
	w.t.Cleanup(func() {
		end()
		if _, err := io.Copy(io.Discard, out); err != nil {
			w.t.Error(err)
		}
		_ = cmd.Wait() // a context that ended is an error, too; the code tells
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			w.t.Errorf("after Ctrl-C the command ended with %d\n%s", code, stderr.String())
		}
	})
	if err != nil {
		w.t.Fatalf("no link: %v", err)
	}
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Hostname() != "127.0.0.1" {
		w.t.Fatalf("the link is %q, %v", link, err)
	}
	return u
}

func (b *browser) get(address string) string {
	b.t.Helper()
	resp, err := b.client.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		b.t.Fatalf("%s: %d %s, %v", address, resp.StatusCode, body, err)
	}
	return string(body)
}

func (b *browser) load(address string) {
	b.t.Helper()
	body := b.get(address)
	meta, data := metaTag.FindStringSubmatch(body), dataPart.FindStringSubmatch(body)
	if meta == nil || data == nil {
		b.t.Fatalf("the page has no token or no report: %.300s", body)
	}
	b.token, b.decide = meta[1], b.origin+meta[2]
	if err := json.Unmarshal([]byte(data[1]), &b.report); err != nil {
		b.t.Fatal(err)
	}
}

// press does what a button of the page does.
func (b *browser) press(verdict, reason, until string) (int, string) {
	b.t.Helper()
	if len(b.report.Waiting) != 1 || len(b.report.Plans) != 1 || b.report.Waiting[0].Plan != b.report.Plans[0].Key {
		b.t.Fatalf("the page shows %+v", b.report)
	}
	plan := b.report.Plans[0]
	return b.send(map[string]string{
		"verdict": verdict, "plan": plan.ID, "hash": plan.Hash, "occurrence": plan.Occurrence, "approval": b.report.Waiting[0].Approval, "reason": reason, "until": until,
	})
}

// send posts a decision as the page's script does.
func (b *browser) send(decision map[string]string) (int, string) {
	b.t.Helper()
	body, err := json.Marshal(decision)
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.decide, strings.NewReader(string(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Shoreup-Token": b.token, "Origin": b.origin, "Sec-Fetch-Site": "same-origin"} {
		req.Header.Set(name, value)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var said struct{ Message string }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, said.Message
}

func TestThePageDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	it := w.public("b-"+w.account, w.eve)
	eve := w.reviewing(w.eve, nil)
	if status, message := eve.press("approve", "", ""); status != 409 || !strings.Contains(message, "eve caused the finding") {
		t.Errorf("who caused it: %d %s", status, message)
	}
	robot := w.client(w.robot)
	if _, err := robot.Pending(t.Context(), ""); err == nil {
		t.Error("a role session is shown what waits")
	}
	ada := w.reviewing(w.ada, nil, "--wait", "3s")
	if ada.report.Waiting[0].Approval != it.Ref || ada.report.Plans[0].Hash != it.Request.Key.Hash {
		t.Fatalf("the page shows %+v", ada.report)
	}
	if status, message := ada.press("approve", "", ""); status != 200 || !strings.Contains(message, "approved by ada") {
		t.Errorf("%d %s", status, message)
	}
	w.until("it is fixed", func() bool { return w.state(it).State == approval.Applied })
	if w.open(it.Request.Where.ID) {
		t.Error("the bucket is open")
	}
}

// The page of the whole report decides as well, here about an exemption.
func TestTheWholeReportOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.public("b-"+w.account, w.eve)
	w.sameCredentials()
	b := w.reviewing(w.ada, append(w.operator(), "SHOREUP_REVIEW_URL="+w.url), "--table", "shoreup")
	if status, message := b.press("exempt", "on purpose", time.Now().AddDate(0, 0, 90).Format(time.DateOnly)); status != 200 || !strings.Contains(message, "asked for by ada") {
		t.Errorf("%d %s", status, message)
	}
	for _, it := range w.waiting() {
		if it.Request.Key.Kind == approval.Exempt && strings.Contains(it.About, `"owner":"team-web"`) && it.Request.Requester == "ada" {
			return
		}
	}
	t.Errorf("what waits is %+v", refs(w.waiting()))
}

func refs(items []review.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.Ref+" "+it.About)
	}
	return out
}
