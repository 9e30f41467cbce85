package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fscryptFolder speaks the kernel's file encryption interface (Documentation/filesystems/fscrypt.rst), policy v2:
//
//	fscrypt-folder add-key MOUNT      64 key bytes on stdin; prints the key's identifier
//	fscrypt-folder encrypt DIR ID     DIR must be empty
//	fscrypt-folder policy DIR         prints "v2 AES-256-XTS AES-256-CTS <identifier>" as the kernel reports it
//
// The key goes to the file system's own keyring and stands nowhere on disk: unmounted is unreadable.
func fscryptFolder(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "add-key":
		key, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		if len(key) != 64 {
			return fmt.Errorf("a key of 64 bytes is wanted on stdin, not of %d", len(key))
		}
		return addKey(args[1], key)
	case len(args) == 3 && args[0] == "encrypt":
		return setPolicy(args[1], args[2])
	case len(args) == 2 && args[0] == "policy":
		return printPolicy(args[1])
	}
	return errors.New("usage: add-key MOUNT | encrypt DIR ID | policy DIR")
}

func ioctl(path string, request uintptr, argument unsafe.Pointer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), request, uintptr(argument)); errno != 0 {
		return fmt.Errorf("%s: %w", path, errno)
	}
	return nil
}

func addKey(mount string, key []byte) error {
	const head = int(unsafe.Sizeof(unix.FscryptAddKeyArg{}))
	buffer := make([]byte, head+len(key))
	argument := (*unix.FscryptAddKeyArg)(unsafe.Pointer(&buffer[0]))
	argument.Key_spec.Type = unix.FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER
	argument.Raw_size = uint32(len(key))
	copy(buffer[head:], key)
	if err := ioctl(mount, unix.FS_IOC_ADD_ENCRYPTION_KEY, unsafe.Pointer(argument)); err != nil {
		return err
	}
	fmt.Println(hex.EncodeToString(argument.Key_spec.U[:unix.FSCRYPT_KEY_IDENTIFIER_SIZE]))
	return nil
}

func setPolicy(folder, identifier string) error {
	id, err := hex.DecodeString(identifier)
	if err != nil || len(id) != unix.FSCRYPT_KEY_IDENTIFIER_SIZE {
		return fmt.Errorf("%q is no key identifier", identifier)
	}
	policy := unix.FscryptPolicyV2{
		Version:                   unix.FSCRYPT_POLICY_V2,
		Contents_encryption_mode:  unix.FSCRYPT_MODE_AES_256_XTS,
		Filenames_encryption_mode: unix.FSCRYPT_MODE_AES_256_CTS,
		Flags:                     unix.FSCRYPT_POLICY_FLAGS_PAD_32,
	}
	copy(policy.Master_key_identifier[:], id)
	return ioctl(folder, unix.FS_IOC_SET_ENCRYPTION_POLICY, unsafe.Pointer(&policy))
}

func printPolicy(folder string) error {
	var argument unix.FscryptGetPolicyExArg
	argument.Size = uint64(len(argument.Policy))
	if err := ioctl(folder, unix.FS_IOC_GET_ENCRYPTION_POLICY_EX, unsafe.Pointer(&argument)); err != nil {
		return err
	}
	policy := (*unix.FscryptPolicyV2)(unsafe.Pointer(&argument.Policy[0]))
	names := map[uint8]string{unix.FSCRYPT_MODE_AES_256_XTS: "AES-256-XTS", unix.FSCRYPT_MODE_AES_256_CTS: "AES-256-CTS"}
	if policy.Version != unix.FSCRYPT_POLICY_V2 {
		return fmt.Errorf("%s: policy version %d, not 2", folder, policy.Version)
	}
	fmt.Printf("v2 %s %s %s\n", names[policy.Contents_encryption_mode], names[policy.Filenames_encryption_mode],
		hex.EncodeToString(policy.Master_key_identifier[:]))
	return nil
}
