using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mallgram.Sandbox.Storage;

/// <summary>
/// Append-only file with one JSON object a line. A line is handed to the operating system before <see cref="Append"/> returns, so a
/// killed process loses nothing it has answered for; a line torn by the kill is cut off at the next start. Without a folder nothing
/// is written.
/// </summary>
internal sealed class JsonLinesFile<T> : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _gate = new();
    private readonly FileStream? _file;

    /// <exception cref="SandboxStartException">
    /// The folder cannot be used, another process has the file, or a line is not readable.
    /// </exception>
    public JsonLinesFile(string folder, string name)
    {
        if (folder.Length == 0)
        {
            Loaded = [];
            return;
        }

        var path = Path.GetFullPath(Path.Combine(folder, name));
        try
        {
            Directory.CreateDirectory(folder);
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            Loaded = ReadAll(_file, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            throw new SandboxStartException($"cannot use {path}: {e.Message}", e);
        }
    }

    /// <summary>What the file held when it was opened, oldest first.</summary>
    public IReadOnlyList<T> Loaded { get; }

    public void Append(T entry)
    {
        if (_file is null)
        {
            return;
        }

        var line = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        lock (_gate)
        {
            _file.Write([.. line, (byte)'\n']);
            _file.Flush();
        }
    }

    public void Dispose() => _file?.Dispose();

    private static List<T> ReadAll(FileStream file, string path)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var entries = new List<T>();
        var start = 0;
        var number = 0;
        for (var end = Array.IndexOf(bytes, (byte)'\n'); end >= 0; end = Array.IndexOf(bytes, (byte)'\n', start))
        {
            number++;
            try
            {
                entries.Add(JsonSerializer.Deserialize<T>(bytes.AsSpan(start, end - start), Json)!);
            }
            catch (JsonException e)
            {
                throw new SandboxStartException($"line {number} of {path} is not readable; move the file away to start afresh", e);
            }

            start = end + 1;
        }

        file.SetLength(start);
        file.Position = start;
        return entries;
    }
}
