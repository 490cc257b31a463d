package fleet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// newSeal is what a key of that length is for; nil for no key.
func newSeal(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil //nolint:nilnil // it says so
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, &errors.InvalidRequestError{Field: tokenPart, Reason: "Seal has neither 16, 24 nor 32 bytes"}
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// storedToken is a token in Redis, where its key has the time of its end.
type storedToken struct {
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

// seal is what Redis gets. It is good for that tag only.
func (s *SharedToken) seal(tag string, token middleware.Token) (string, error) {
	plain, err := json.Marshal(storedToken{token.Value, token.Type})
	if err != nil || s.aead == nil {
		return string(plain), err
	}
	return string(s.aead.Seal(nil, nil, plain, []byte(tag))), nil //nolint:gosec // the nonce is random, and in the result
}

// errSeal has no detail: what is in Redis is a secret, or foreign.
var errSeal = errors.New("the token in Redis cannot be read: it has another key, or somebody has changed it")

// open is the token that Redis has returned to a question of that time.
func (s *SharedToken) open(tag string, answer tokenAnswer, asked time.Time) (middleware.Token, error) {
	plain := []byte(answer.text)
	if s.aead != nil {
		var err error
		if plain, err = s.aead.Open(nil, nil, plain, []byte(tag)); err != nil {
			return middleware.Token{}, errSeal
		}
	}
	var stored storedToken
	if json.Unmarshal(plain, &stored) != nil || stored.Value == "" {
		return middleware.Token{}, errSeal
	}
	token := middleware.Token{Value: stored.Value, Type: stored.Type}
	if answer.left >= 0 {
		token.Expiry = asked.Add(answer.left)
	}
	return token, nil
}

// printOf tells tokens apart without having them.
func (s *SharedToken) printOf(token middleware.Token) string {
	mac := hmac.New(sha256.New, s.cfg.Seal)
	mac.Write([]byte(token.Value))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
