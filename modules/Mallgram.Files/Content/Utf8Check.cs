using System.Buffers;
using System.Text;

namespace Mallgram.Files.Content;

/// <summary>Whether bytes that come in pieces are UTF-8 without NUL. Mutable: keep it in a field that is not readonly.</summary>
internal struct Utf8Check
{
    // The end of a piece may cut a character in two: up to three bytes wait here for the next piece.
    private uint _rest;
    private int _restLength;
    private bool _broken;

    /// <summary>True while everything so far was text and no character is cut off.</summary>
    public readonly bool IsText => !_broken && _restLength == 0;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_broken || bytes.IsEmpty)
        {
            return;
        }

        if (bytes.Contains((byte)0))
        {
            _broken = true;
            return;
        }

        Span<byte> joint = stackalloc byte[4];
        while (_restLength > 0 && !bytes.IsEmpty)
        {
            for (var i = 0; i < _restLength; i++)
            {
                joint[i] = (byte)(_rest >> (8 * i));
            }

            joint[_restLength] = bytes[0];
            bytes = bytes[1..];
            var status = Rune.DecodeFromUtf8(joint[..(_restLength + 1)], out _, out _);
            _rest |= (uint)joint[_restLength] << (8 * _restLength);
            _restLength = status == OperationStatus.NeedMoreData ? _restLength + 1 : 0;
            if (status == OperationStatus.InvalidData)
            {
                _broken = true;
                return;
            }

            _rest = _restLength == 0 ? 0 : _rest;
        }

        var valid = ValidPrefix(bytes);
        if (valid < bytes.Length)
        {
            var tail = bytes[valid..];
            if (tail.Length > 3 || Rune.DecodeFromUtf8(tail, out _, out _) != OperationStatus.NeedMoreData)
            {
                _broken = true;
                return;
            }

            for (var i = 0; i < tail.Length; i++)
            {
                _rest |= (uint)tail[i] << (8 * i);
            }

            _restLength = tail.Length;
        }
    }

    private static int ValidPrefix(ReadOnlySpan<byte> bytes)
    {
        // The vectorised check answers for the whole; only where it says no may the last character be cut off.
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return bytes.Length;
        }

        for (var cut = 1; cut <= 3 && cut <= bytes.Length; cut++)
        {
            if (System.Text.Unicode.Utf8.IsValid(bytes[..^cut]))
            {
                return bytes.Length - cut;
            }
        }

        return 0;
    }
}
