package xdg

// DirOn is Dir on any system.
var DirOn = lookUpDir
