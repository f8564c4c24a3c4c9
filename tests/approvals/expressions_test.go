package approvals

import (
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// check holds a write's condition against the item that is there.
func (t *tables) check(_ string, r *request) (*failure, [2]string) {
	k, failed := r.key()
	if failed != nil || r.ConditionExpression == "" {
		return failed, k
	}
	old := t.rows[r.TableName][k]
	for _, all := range strings.Split(r.ConditionExpression, " OR ") { // AND binds more tightly
		holds := true
		for _, term := range strings.Split(all, " AND ") {
			ok, known := r.holds(term, old)
			if !known {
				return &failure{Type: "ValidationException", Message: "the double does not know the condition " + term}, k
			}
			holds = holds && ok
		}
		if holds {
			return nil, k
		}
	}
	return &failure{Type: "ConditionalCheckFailedException", Item: old}, k
}

func (r *request) holds(term string, old item) (ok, known bool) {
	switch name, isNot := strings.CutPrefix(term, "attribute_not_exists("); {
	case isNot:
		return old[strings.TrimSuffix(name, ")")] == nil, true
	case strings.HasPrefix(term, "attribute_exists("):
		return old[strings.TrimSuffix(strings.TrimPrefix(term, "attribute_exists("), ")")] != nil, true
	}
	part := strings.Fields(term)
	if len(part) != 3 || r.ExpressionAttributeValues[part[2]] == nil {
		return false, false
	}
	a, b := old[r.name(part[0])], r.ExpressionAttributeValues[part[2]]
	if part[1] == "=" {
		return reflect.DeepEqual(a, b), true
	}
	x, errX := number(a)
	y, errY := number(b)
	numbers := errX == nil && errY == nil
	switch part[1] {
	case "<":
		return numbers && x < y, true
	case "<=":
		return numbers && x <= y, true
	case ">":
		return numbers && x > y, true
	}
	return false, false
}

func (r *request) name(s string) string {
	if full, ok := r.ExpressionAttributeNames[s]; ok {
		return full
	}
	return s
}

func number(v map[string]any) (int64, error) {
	s, _ := v["N"].(string)
	return strconv.ParseInt(s, 10, 64)
}

// write does what a request says and returns the item as it is then. A condition check writes nothing.
func (t *tables) write(op string, r *request) item {
	k, _ := r.key()
	if t.rows[r.TableName] == nil {
		t.rows[r.TableName] = map[[2]string]item{}
	}
	rows := t.rows[r.TableName]
	switch strings.TrimSuffix(op, "Item") {
	case "Put":
		rows[k] = r.Item
	case "Delete":
		delete(rows, k)
	case "Update":
		rows[k] = r.updated(rows[k])
		return rows[k]
	}
	return nil
}

func (r *request) updated(old item) item {
	now := maps.Clone(r.Key)
	maps.Copy(now, old)
	set, add, _ := strings.Cut(r.UpdateExpression, " ADD ")
	for _, each := range strings.Split(strings.TrimPrefix(set, "SET "), ", ") {
		part := strings.Fields(each)
		now[r.name(part[0])] = r.ExpressionAttributeValues[part[2]]
	}
	if part := strings.Fields(add); len(part) == 2 {
		have, _ := number(now[part[0]])
		more, _ := number(r.ExpressionAttributeValues[part[1]])
		now[part[0]] = map[string]any{"N": strconv.FormatInt(have+more, 10)}
	}
	return now
}
