using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>
/// JSON of one answer. Lists come in two shapes: with <c>simplify=true</c> as <c>"products":[…]</c>, otherwise under a single named key
/// as <c>"products":{"product":[…]}</c>, where a list of one may arrive as a bare object.
/// </summary>
internal sealed class AnswerWriter : IDisposable
{
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly Stack<ListShape> _lists = new();
    private readonly bool _simplify;
    private readonly bool _bareSingle;

    public AnswerWriter(bool simplify, bool bareSingle)
    {
        _simplify = simplify;
        _bareSingle = bareSingle;
        Json = new Utf8JsonWriter(_buffer, Options);
    }

    private enum ListShape
    {
        Flat,
        Wrapped,
        Bare,
    }

    public Utf8JsonWriter Json { get; }

    public ReadOnlyMemory<byte> Written
    {
        get
        {
            Json.Flush();
            return _buffer.WrittenMemory;
        }
    }

    public void StartList(ReadOnlySpan<byte> name, ReadOnlySpan<byte> itemName, int count)
    {
        if (_simplify)
        {
            Json.WriteStartArray(name);
            _lists.Push(ListShape.Flat);
            return;
        }

        Json.WriteStartObject(name);
        if (_bareSingle && count == 1)
        {
            Json.WritePropertyName(itemName);
            _lists.Push(ListShape.Bare);
            return;
        }

        Json.WriteStartArray(itemName);
        _lists.Push(ListShape.Wrapped);
    }

    public void EndList()
    {
        var shape = _lists.Pop();
        if (shape != ListShape.Bare)
        {
            Json.WriteEndArray();
        }

        if (shape != ListShape.Flat)
        {
            Json.WriteEndObject();
        }
    }

    public void Dispose() => Json.Dispose();
}
