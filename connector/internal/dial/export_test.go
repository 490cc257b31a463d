package dial

// NoDescriptors are the system's errors for a lack of descriptors.
var NoDescriptors = noDescriptors

// MaxFreed bounds how often a socket is tried again.
const MaxFreed = maxFreed
