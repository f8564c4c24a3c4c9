package wiresweep

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestPlaceIsWrittenAndRead(t *testing.T) {
	t.Parallel()
	want := Place{Account: "111122223333", Region: "us-gov-west-1", Partition: "aws-us-gov"}
	raw, err := EncodePlace(want, "id-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"account":"111122223333","detail":{"account":"111122223333","region":"us-gov-west-1","partition":"aws-us-gov"},"detail-type":"shoreup sweep place",` +
		`"id":"id-1","region":"us-gov-west-1","source":"shoreup","time":"2026-03-01T12:00:00Z","version":"0"}`
	if string(raw) != text {
		t.Errorf("written %s, want %s", raw, text)
	}
	if got, err := ParsePlace(raw); err != nil || got != want {
		t.Errorf("read %+v, %v", got, err)
	}
}

// What is written as a sweep message is read as one, and is no place; and the other way round.
func TestTheTwoMessagesAreNotMistaken(t *testing.T) {
	t.Parallel()
	sweep, err := Encode(Detail{ResourceType: "AWS::S3::Bucket", Account: "111122223333", Region: "eu-west-1", IDs: []string{"b"}}, "id", noon)
	if err != nil {
		t.Fatal(err)
	}
	env, err := wire.Decode(sweep)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := Parse(env); err != nil || len(out) != 1 || out[0].ResourceID != "b" || !out[0].Time.Equal(noon) {
		t.Errorf("read %+v, %v", out, err)
	}
	if _, err := ParsePlace(sweep); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("taken for a place: %v", err)
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	t.Parallel()
	const good = `{"source":"shoreup","detail-type":"shoreup sweep place","detail":{"account":"111122223333","region":"eu-west-1","partition":"aws"}}`
	if _, err := ParsePlace([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{good, ""}, {good, "null"}, {good, "[]"}, {`"shoreup"`, `"aws.s3"`}, {"sweep place", "sweep"}, {`"111122223333"`, `"*"`}, {`"111122223333"`, `111122223333`},
		{`"111122223333"`, `"111122223333:role/x"`}, {`"eu-west-1"`, `"*"`}, {`"eu-west-1"`, `""`}, {`"eu-west-1"`, `"cn-north-1"`}, {`"aws"}`, `"aws-cn"}`},
		{`"aws"}`, `""}`}, {`,"partition":"aws"`, ""}, {`"partition"`, `"role":"x","partition"`}, {`{"account":"111122223333","region":"eu-west-1","partition":"aws"}`, "null"},
	} {
		body := strings.Replace(good, change[0], change[1], 1)
		if p, err := ParsePlace([]byte(body)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: read %+v, %v; want ErrMalformed", body, p, err)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add([]byte(`{"source":"shoreup","detail-type":"shoreup sweep place","detail":{"account":"111122223333","region":"eu-west-1","partition":"aws"}}`))
	f.Add([]byte(`{"source":"shoreup","detail-type":"shoreup sweep place","detail":{"Account":"111122223333","region":"cn-north-1","partition":"aws-cn"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePlace(raw)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !signal.IsAccountID(p.Account) || signal.PartitionOf(p.Region) != p.Partition || !json.Valid(raw) {
			t.Fatalf("not to be trusted: %+v", p)
		}
		again, err := EncodePlace(p, "id", noon)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParsePlace(again); err != nil || q != p {
			t.Fatalf("it changes when written and read again: %+v, %v", q, err)
		}
	})
}
