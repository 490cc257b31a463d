package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestNoSecretIsPrinted prints every type that can hold a secret in every way, by
// itself and inside of others.
func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for _, v := range values(t) {
		for how, nested := range nested(v.v) {
			for way, text := range printed(nested) {
				if slices.Contains(whole, v.name) && strings.HasSuffix(way, "json") {
					continue
				}
				if secret := secretIn(text); secret != "" {
					t.Errorf("%s, %s, %s: has %q: %.500s", v.name, how, way, secret, text)
				}
			}
		}
	}
}

// nested returns a value by itself, by pointer, and inside of other types. What is a
// pointer must not be copied.
func nested(v any) map[string]any {
	typ, value := reflect.TypeOf(v), reflect.ValueOf(v)
	pointer := reflect.New(typ)
	pointer.Elem().Set(value)
	fields := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: typ}, {Name: "P", Type: pointer.Type()}})).Elem()
	fields.Field(0).Set(value)
	fields.Field(1).Set(pointer)
	list := reflect.MakeSlice(reflect.SliceOf(typ), 1, 1)
	list.Index(0).Set(value)
	dict := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), typ))
	dict.SetMapIndex(reflect.ValueOf("k"), value)
	return map[string]any{
		"itself": v, "pointer": pointer.Interface(), "struct": fields.Interface(), "slice": list.Interface(), "map": dict.Interface(),
		"any": struct{ V any }{v}, "anys": []any{v, pointer.Interface()}, "map of any": map[string]any{"k": v},
	}
}

// printed writes a value in every way.
func printed(v any) map[string]string {
	ways := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		ways[verb] = fmt.Sprintf(verb, v)
	}
	data, err := json.Marshal(v)
	ways["json"] = fmt.Sprint(string(data), err)
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	ways["slog text"], ways["slog json"] = text.String(), js.String()
	return ways
}

// secretIn returns a form of the canary that a text has.
func secretIn(text string) string {
	forms := []string{
		canary, "99 97 110 97 114 121", "0x63, 0x61, 0x6e", fmt.Sprintf("%x", canary),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte("login:" + canary)),
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			return form
		}
	}
	return ""
}
