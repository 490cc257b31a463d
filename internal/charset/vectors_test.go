package charset_test

import (
	"strconv"
	"testing"

	"github.com/aiolos-http/aiolos/internal/charset"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestContentTypeVectors(t *testing.T) {
	t.Parallel()
	for _, v := range wiretest.ReadVectors(t, "testdata/content-type.txt") {
		media, name := charset.Parse(v.In[0])
		if got := media + " " + strconv.Quote(name); got != v.Want {
			t.Errorf("line %d: %q: got %s, want %s", v.Line, v.In[0], got, v.Want)
		}
	}
}
