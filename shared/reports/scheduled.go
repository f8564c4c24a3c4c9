package reports

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/csv"
	"github.com/shoreup/shoreup/shared/report/html"
	reportjson "github.com/shoreup/shoreup/shared/report/json"
)

// latest is always the newest page, so that a bookmark stays good.
const latest = "latest.html"

// Scheduled writes a report into a bucket and tells people where it is.
type Scheduled struct {
	Source          func(context.Context) (Source, error)
	Put             func(ctx context.Context, key, contentType string, content []byte) error
	Tell            func(context.Context, core.Finding) error // nil: nobody is told
	Bucket          string
	Account, Region string // of the installation
}

// Written says what a run wrote.
type Written struct {
	Keys  []string `json:"keys"`
	Plans int      `json:"plans"`
	Cut   []string `json:"cut"`
}

// Handle does one run; what starts it says nothing.
func (s *Scheduled) Handle(ctx context.Context, _ json.RawMessage) (Written, error) {
	var out Written
	source, err := s.Source(ctx)
	if err != nil {
		return out, err
	}
	g, err := source.FromTables(ctx)
	if err != nil {
		return out, err
	}
	r := g.Report()
	out.Plans, out.Cut = len(r.Plans), g.Cut
	stem := r.Generated.Format("2006/01/02/shoreup-20060102T150405Z")
	for _, f := range []struct {
		keys  []string
		kind  string
		write func(io.Writer) error
	}{
		{[]string{stem + ".json"}, "application/json", func(w io.Writer) error { return reportjson.Write(w, r) }},
		{[]string{stem + ".csv"}, "text/csv; charset=utf-8", func(w io.Writer) error { return csv.Write(w, r, "plans") }},
		{[]string{stem + ".html", latest}, "text/html; charset=utf-8", func(w io.Writer) error { return html.Write(w, r, html.Options{}) }},
	} {
		var content bytes.Buffer
		if err := f.write(&content); err != nil {
			return out, err
		}
		for _, key := range f.keys {
			if err := s.Put(ctx, key, f.kind, content.Bytes()); err != nil {
				return out, err
			}
			out.Keys = append(out.Keys, key)
		}
	}
	slog.InfoContext(ctx, "report written", "bucket", s.Bucket, "plans", out.Plans, "keys", out.Keys, "cut", out.Cut)
	if s.Tell == nil {
		return out, nil
	}
	return out, s.Tell(ctx, s.notice(r, stem+".html"))
}

// notice tells people where the report is. A link that carries its own credentials would open for whoever gets hold of the message, and ends with
// the credentials of the function that made it, within hours; these links need somebody who may sign in, and last.
func (s *Scheduled) notice(r report.Report, key string) core.Finding {
	open := 0
	for _, p := range r.Plans {
		if p.Open {
			open++
		}
	}
	partition := awsapi.PartitionOf(s.Region)
	return core.Finding{
		Control: "report", Version: report.Schema, Title: "The report of " + r.Generated.Format(time.DateOnly), Severity: core.Low, Resource: latest,
		ARN: "arn:" + partition + ":s3:::" + s.Bucket + "/" + key, Account: s.Account, Region: s.Region, Outcome: core.Reported,
		Reason: fmt.Sprintf("wrong: %d; waiting for a person: %d; exempt: %d", open, len(r.Waiting), len(r.Exceptions)), Notes: endings(r.Exceptions),
		Advice: []core.Advice{{Title: "Open the report", Steps: []string{
			Console(s.Region, s.Bucket, key) + " (sign in, then Open)", "aws s3 cp s3://" + s.Bucket + "/" + latest + " .",
		}}},
	}
}

// endings warn of what is exempt and soon will not be. The list has what ends first at its top.
func endings(list []report.Exception) []string {
	const most = 10
	var out []string
	for _, e := range list {
		if !e.EndsSoon {
			continue
		}
		if len(out) == most {
			return append(out, "more exemptions run out soon: shoreup exceptions lists them")
		}
		out = append(out, fmt.Sprintf("the exemption of %s from %s runs out on %s; owner %s: %s", cmp.Or(e.Resource, "account "+e.Account), strings.Join(e.Controls, ", "), e.Until.Format(time.DateOnly), e.Owner, e.Reason))
	}
	return out
}

// Console is the address of an object in AWS's console, where whoever may read it can open it.
func Console(region, bucket, key string) string {
	host := map[string]string{"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}[awsapi.PartitionOf(region)]
	if host == "" {
		host = region + ".console.aws.amazon.com"
	}
	return "https://" + host + "/s3/object/" + url.PathEscape(bucket) + "?" + strings.ReplaceAll(url.Values{"region": {region}, "prefix": {key}}.Encode(), "%2F", "/")
}
