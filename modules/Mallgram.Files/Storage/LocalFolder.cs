using Microsoft.Extensions.Options;

namespace Mallgram.Files.Storage;

/// <summary>Files under <c>{Files:Directory}/stores</c>. Several replicas share it over a common volume.</summary>
internal sealed class LocalFolder(IOptions<FilesOptions> options) : IFileStorage
{
    private readonly string _root = Path.Combine(Path.GetFullPath(options.Value.Directory), "stores");

    public async Task PutAsync(string key, Stream content, CancellationToken ct)
    {
        var path = PathOf(key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var part = path + ".part";
        try
        {
            await using (var file = new FileStream(part, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
            }))
            {
                await content.CopyToAsync(file, 128 * 1024, ct);
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    public Task<Stream> OpenAsync(string key, CancellationToken ct)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(PathOf(key), new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.Read | FileShare.Delete,
                Options = FileOptions.Asynchronous,
            }));
        }
        catch (DirectoryNotFoundException e)
        {
            throw new FileNotFoundException(e.Message, e);
        }
    }

    public Task DeleteAsync(string key, CancellationToken ct)
    {
        var path = PathOf(key);
        if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            File.Delete(path + ".part");
            File.Delete(path);
        }

        return Task.CompletedTask;
    }

    // Keys come from our own rows; the check keeps a damaged one from reaching outside the folder.
    private string PathOf(string key) =>
        key.Length == 68 && key[0] != '/' && key.All(c => c is '/' or (>= '0' and <= '9') or (>= 'a' and <= 'f'))
        ? Path.Combine(_root, key)
        : throw new ArgumentException("Not a storage key.", nameof(key));
}
