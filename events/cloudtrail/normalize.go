package wirecloudtrail

import (
	"strings"

	"github.com/shoreup/shoreup/events/signal"
)

func knownNormalizer(name string) bool {
	switch name {
	case "", IDFromARN, OnlyFromARN, KeyIDFromARN, LastPathSegment, RDSIdentifier, CanonicalQueueURL:
		return true
	}
	return false
}

// normalize turns a value found into the resource's id, "" if the value cannot be one.
func normalize(p IDPath, raw string, at place) string {
	switch p.Normalize {
	case "":
		return raw
	case IDFromARN:
		return idFromARN(p.ResourceType, raw)
	case OnlyFromARN:
		if !isARN(raw) {
			return ""
		}
		return idFromARN(p.ResourceType, raw)
	case KeyIDFromARN:
		if strings.HasPrefix(raw, "alias/") {
			return ""
		}
		return idFromARN("AWS::KMS::Key", raw)
	case LastPathSegment:
		return raw[strings.LastIndexByte(raw, '/')+1:]
	case RDSIdentifier:
		return strings.ToLower(idFromARN(p.ResourceType, raw))
	case CanonicalQueueURL:
		return queueURL(raw, at)
	}
	return ""
}

func isARN(s string) bool { return strings.HasPrefix(s, "arn:") }

// idFromARN gives the id in an ARN of the type, other text as it is.
func idFromARN(resourceType, raw string) string {
	if !isARN(raw) {
		return raw
	}
	a, err := signal.ParseARN(raw)
	if err != nil {
		return ""
	}
	id, ok := signal.IDFromARN(resourceType, a)
	if !ok {
		return ""
	}
	return id
}

// queueURL keeps the account that the value names, so that a queue of another account is noticed and not renamed into ours.
func queueURL(raw string, at place) string {
	if isARN(raw) {
		return idFromARN("AWS::SQS::Queue", raw)
	}
	account, name, isURL := queueParts(raw)
	if !isURL {
		account, name = at.account, raw
	}
	if name == "" || strings.ContainsAny(name, "/:?#") {
		return ""
	}
	return signal.QueueURL(at.partition, at.region, account, name)
}

// queueParts gives the last two path segments of a URL. The host is not looked at: one queue answers under several.
func queueParts(raw string) (account, name string, isURL bool) {
	_, rest, isURL := strings.Cut(raw, "://")
	if !isURL {
		return "", "", false
	}
	segments := strings.Split(rest, "/")
	if len(segments) < 3 {
		return "", "", true
	}
	return segments[len(segments)-2], segments[len(segments)-1], true
}

// ownerOf gives the account a queue's URL names, "" for anything else.
func ownerOf(p IDPath, raw string) string {
	if p.Normalize != CanonicalQueueURL {
		return ""
	}
	account, _, _ := queueParts(raw)
	return account
}
