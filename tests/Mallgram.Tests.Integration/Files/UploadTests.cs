using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Files;

/// <summary>From the announcement of a file to its deletion, and what people try on the way.</summary>
public sealed class UploadTests(FilesApp app) : IClassFixture<FilesApp>
{
    private static readonly Guid DefaultStore = Guid.Parse("01930000-0000-7000-8000-000000000001");

    [Fact]
    public async Task A_picture_goes_up_without_a_token_and_is_public_until_it_is_deleted()
    {
        var picture = Pictures.Draw(401, 301);
        using var staff = await app.SignInStaffAsync();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "product_image", "C:\\shop\\mug.png", picture.Length);
        var uploaded = await ReadAsync(await PutAsync(url, picture, "image/png"), HttpStatusCode.OK);
        Assert.Equal(
            ("mug.png", "ready", "image/png", picture.Length),
            (uploaded.GetProperty("name").GetString(), uploaded.GetProperty("state").GetString(), uploaded.GetProperty("content_type").GetString(), uploaded.GetProperty("size").GetInt32()));
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(picture)), uploaded.GetProperty("sha256").GetString());

        var image = uploaded.GetProperty("image_url").GetString()!;
        using (var guest = await app.Http.GetAsync(image + "?w=100"))
        {
            Assert.Equal(HttpStatusCode.OK, guest.StatusCode);
            Assert.StartsWith("image/", guest.Content.Headers.ContentType!.MediaType, StringComparison.Ordinal);
        }

        var stored = Directory.GetFiles(Path.Combine(app.Folder, "stores", DefaultStore.ToString("n")), "*", SearchOption.AllDirectories);
        Assert.Contains(stored, path => File.ReadAllBytes(path).SequenceEqual(picture));
        Assert.DoesNotContain(stored, path => path.Contains("mug", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NoContent, (await staff.DeleteAsync($"/api/v1/files/{id}")).StatusCode);
        await ProblemAsync(await staff.DeleteAsync($"/api/v1/files/{id}"), HttpStatusCode.NotFound, "file_not_found");
        await ProblemAsync(await staff.GetAsync($"/api/v1/files/{id}"), HttpStatusCode.NotFound, "file_not_found");
        await ProblemAsync(await app.Http.GetAsync(image + "?w=100"), HttpStatusCode.NotFound, "file_not_found");
        Assert.DoesNotContain(stored.Where(File.Exists), path => File.ReadAllBytes(path).SequenceEqual(picture));
    }

    [Fact]
    public async Task Downloads_are_attachments_in_parts_too_and_for_staff_only()
    {
        using var staff = await app.SignInStaffAsync();
        var content = Encoding.UTF8.GetBytes("id,nom\n1,café\n");
        var (id, url) = await FilesApp.AnnounceAsync(staff, "product_import", "café \"1\".csv", content.Length, "text/csv");
        using (var early = await staff.GetAsync($"/api/v1/files/{id}/content"))
        {
            await ProblemAsync(early, HttpStatusCode.Conflict, "file_not_ready");
        }

        await ReadAsync(await PutAsync(url, content, "text/csv"), HttpStatusCode.OK);
        using var answer = await staff.GetAsync($"/api/v1/files/{id}/content");
        Assert.Equal(content, await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal("text/csv", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(("attachment", "café \"1\".csv"), (answer.Content.Headers.ContentDisposition!.DispositionType, answer.Content.Headers.ContentDisposition.FileNameStar));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));

        using var part = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/files/{id}/content") { Headers = { Range = new RangeHeaderValue(3, 5) } };
        using var partAnswer = await staff.SendAsync(part);
        Assert.Equal((HttpStatusCode.PartialContent, "nom"), (partAnswer.StatusCode, await partAnswer.Content.ReadAsStringAsync()));
        using var known = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/files/{id}/content") { Headers = { IfNoneMatch = { answer.Headers.ETag! } } };
        using var knownAnswer = await staff.SendAsync(known);
        Assert.Equal(HttpStatusCode.NotModified, knownAnswer.StatusCode);

        foreach (var path in new[] { $"/api/v1/files/{id}", $"/api/v1/files/{id}/content" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await app.Http.GetAsync(path)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Http.DeleteAsync($"/api/v1/files/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Http.PostAsJsonAsync("/api/v1/files", new { name = "x", size = 1, purpose = "document" })).StatusCode);
    }

    [Theory]
    [InlineData("product_image", "mug.png", "image/png", "%PDF-1.7 not a picture")]
    [InlineData("product_image", "mug.png", "image/png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")]
    [InlineData("product_image", "mug.jpg", "image/jpeg", "id,name\n1,mug\n")]
    [InlineData("document", "letter.pdf", "application/pdf", "<!DOCTYPE html><script>alert(1)</script>")]
    [InlineData("document", "letter.pdf", "application/pdf", "MZ\u0001\0\0")]
    [InlineData("product_import", "p.csv", "text/csv", "GIF89a picture")]
    public async Task A_file_that_is_not_what_it_claims_is_refused_and_its_bytes_are_gone(string purpose, string name, string type, string content)
    {
        using var staff = await app.SignInStaffAsync();
        var bytes = Encoding.UTF8.GetBytes(content);
        var (id, url) = await FilesApp.AnnounceAsync(staff, purpose, name, bytes.Length, type);
        await ProblemAsync(await PutAsync(url, bytes, type), HttpStatusCode.UnprocessableEntity, "file_type_not_allowed");
        var known = await ReadAsync(await staff.GetAsync($"/api/v1/files/{id}"), HttpStatusCode.OK);
        Assert.Equal(("refused", "type"), (known.GetProperty("state").GetString(), known.GetProperty("refused_reason").GetString()));
        Assert.Equal(JsonValueKind.Null, known.GetProperty("image_url").ValueKind);
        await ProblemAsync(await PutAsync(url, bytes, type), HttpStatusCode.Conflict, "file_already_uploaded");
        Assert.DoesNotContain(Directory.GetFiles(app.Folder, "*", SearchOption.AllDirectories), path => File.ReadAllBytes(path).SequenceEqual(bytes));
    }

    [Fact]
    public async Task More_bytes_than_announced_end_the_upload_while_they_come_and_it_may_be_tried_again()
    {
        using var staff = await app.SignInStaffAsync();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "document", "big.txt", 1_500_000);
        var sent = 0;
        using var endless = new StreamContent(new EndlessText(() => sent++));
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = endless, Headers = { TransferEncodingChunked = true, ExpectContinue = true } };
        try
        {
            using var answer = await app.Http.SendAsync(request);
            await ProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        }
        catch (HttpRequestException)
        {
            // The server hung up on a sender that does not listen.
        }

        Assert.InRange(sent, 1, 4000);
        await ProblemAsync(await PutAsync(url, new byte[1_500_001], "text/plain"), HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        Assert.Equal("pending", (await ReadAsync(await staff.GetAsync($"/api/v1/files/{id}"), HttpStatusCode.OK)).GetProperty("state").GetString());
        Assert.Empty(Directory.GetFiles(app.Folder, "*.part", SearchOption.AllDirectories));
        await ProblemAsync(await PutAsync(url, [], "text/plain"), HttpStatusCode.UnprocessableEntity, "file_empty");

        // More than the server's limit for JSON.
        await ReadAsync(await PutAsync(url, Encoding.ASCII.GetBytes(new string('a', 1_500_000)), "text/plain"), HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_the_scanner_finds_is_refused_and_without_the_scanner_nothing_passes()
    {
        using var staff = await app.SignInStaffAsync();
        var bytes = "clean, then INFECTED, then clean"u8.ToArray();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "document", "a.txt", bytes.Length);
        app.Clamd.IsDown = true;
        try
        {
            using var answer = await PutAsync(url, bytes, "text/plain");
            await ProblemAsync(answer, HttpStatusCode.ServiceUnavailable, "service_unavailable");
            Assert.NotNull(answer.Headers.RetryAfter);
        }
        finally
        {
            app.Clamd.IsDown = false;
        }

        await ProblemAsync(await staff.GetAsync($"/api/v1/files/{id}/content"), HttpStatusCode.Conflict, "file_not_ready");
        await ProblemAsync(await PutAsync(url, bytes, "text/plain"), HttpStatusCode.UnprocessableEntity, "file_infected");
        var known = await ReadAsync(await staff.GetAsync($"/api/v1/files/{id}"), HttpStatusCode.OK);
        Assert.Equal("infected: Test-Signature", known.GetProperty("refused_reason").GetString());
        Assert.DoesNotContain(Directory.GetFiles(app.Folder, "*", SearchOption.AllDirectories), path => File.ReadAllBytes(path).SequenceEqual(bytes));
    }

    [Theory]
    [InlineData("""{"name":"x","size":3000000,"purpose":"document"}""", "size")]
    [InlineData("""{"name":"x","size":0,"purpose":"document"}""", "size")]
    [InlineData("""{"name":"x","size":-1,"purpose":"document"}""", "size")]
    [InlineData("""{"name":"x","purpose":"document"}""", "size")]
    [InlineData("""{"name":"x","size":1,"purpose":"product_export"}""", "purpose")]
    [InlineData("""{"name":"x","size":1}""", "purpose")]
    [InlineData("""{"name":"  ","size":1,"purpose":"document"}""", "name")]
    [InlineData("""{"name":"a\u0000b","size":1,"purpose":"document"}""", "name")]
    [InlineData("""{"name":"x","size":1,"purpose":"product_image","content_type":"image/svg+xml"}""", "content_type")]
    public async Task What_cannot_be_taken_is_said_before_anything_is_sent(string body, string field)
    {
        using var staff = await app.SignInStaffAsync();
        using var answer = await staff.PostAsync("/api/v1/files", new StringContent(body, Encoding.UTF8, "application/json"));
        var problem = await ProblemAsync(answer, HttpStatusCode.UnprocessableEntity, "validation_failed");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task An_address_takes_one_file_until_it_expires_and_cannot_be_bent()
    {
        using var staff = await app.SignInStaffAsync();
        var (_, url) = await FilesApp.AnnounceAsync(staff, "product_image", "a.png", Pictures.Png.Length);
        var (other, _) = await FilesApp.AnnounceAsync(staff, "product_image", "b.png", Pictures.Png.Length);
        var uri = new Uri(url);
        var parts = System.Web.HttpUtility.ParseQueryString(uri.Query);
        foreach (var bent in new[]
        {
            uri.AbsolutePath,
            url.Replace(uri.Segments[^2].TrimEnd('/'), other, StringComparison.Ordinal),
            url.Replace("max=", "max=9", StringComparison.Ordinal),
            url.Replace("expires=1", "expires=9", StringComparison.Ordinal),
            url.Replace(parts["store"]!, PublicId.Format(PublicId.Store, Guid.Parse("01930000-0000-7000-8000-000000000002")), StringComparison.Ordinal),
            url.Replace(parts["signature"]!, new string('A', 43), StringComparison.Ordinal),
            url.Replace(parts["signature"]!, "x", StringComparison.Ordinal),
            url.Replace(parts["signature"]!, new string('%', 1) + "00", StringComparison.Ordinal),
        })
        {
            await ProblemAsync(await PutAsync(bent, Pictures.Png, "image/png"), HttpStatusCode.Forbidden, "upload_address_invalid");
        }

        app.Clock.Ahead = TimeSpan.FromMinutes(61);
        try
        {
            await ProblemAsync(await PutAsync(url, Pictures.Png, "image/png"), HttpStatusCode.Forbidden, "upload_address_invalid");
        }
        finally
        {
            app.Clock.Ahead = TimeSpan.Zero;
        }

        // Whatever store the request itself names: the address is for the one that announced the file.
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = new ByteArrayContent(Pictures.Png), Headers = { { "X-Store", "dakarcafe" } } };
        await ReadAsync(await app.Http.SendAsync(request), HttpStatusCode.OK);
        await ProblemAsync(await PutAsync(url, Pictures.Png, "image/png"), HttpStatusCode.Conflict, "file_already_uploaded");
    }

    [Fact]
    public async Task Of_many_uploads_of_one_file_one_wins_and_nothing_is_left_of_the_others()
    {
        using var staff = await app.SignInStaffAsync();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "document", "race.txt", 200_000);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PutAsync(url, Encoding.ASCII.GetBytes(new string((char)('a' + i), 200_000)), "text/plain")));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.StatusCode != HttpStatusCode.OK), a => Assert.Equal(HttpStatusCode.Conflict, a.StatusCode));
        var text = await staff.GetStringAsync($"/api/v1/files/{id}/content");
        Assert.Equal(new string(text[0], 200_000), text);
        Assert.Single(Directory.GetFiles(app.Folder, "*", SearchOption.AllDirectories), path => new FileInfo(path).Length == 200_000);
    }

    [Fact]
    public async Task Another_store_sees_no_such_file()
    {
        using var staff = await app.SignInStaffAsync();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "document", "a.txt", 5);
        await ReadAsync(await PutAsync(url, "hello"u8.ToArray(), "text/plain"), HttpStatusCode.OK);
        using var other = await app.SignInStaffAsync("dakarcafe");
        await ProblemAsync(await other.GetAsync($"/api/v1/files/{id}"), HttpStatusCode.NotFound, "file_not_found");
        await ProblemAsync(await other.GetAsync($"/api/v1/files/{id}/content"), HttpStatusCode.NotFound, "file_not_found");
        await ProblemAsync(await other.DeleteAsync($"/api/v1/files/{id}"), HttpStatusCode.NotFound, "file_not_found");
        Assert.Equal("hello", await staff.GetStringAsync($"/api/v1/files/{id}/content"));
        foreach (var nonsense in new[] { "fil_0", "prd_01h455vb4pex5vsknk084sn02q", "..%2F..%2Fetc%2Fpasswd", "%00" })
        {
            Assert.Contains((await staff.GetAsync($"/api/v1/files/{nonsense}")).StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
        }
    }

    [Fact]
    public async Task Other_modules_save_read_and_delete_files_of_their_store()
    {
        await using var scope = app.Worker.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(DefaultStore);
        var files = scope.ServiceProvider.GetRequiredService<IFiles>();
        var saved = await files.SaveAsync("products.csv", FilePurposes.ProductExport, new MemoryStream("id,name\n"u8.ToArray()), CancellationToken.None);
        Assert.Equal(("text/csv", 8L), (saved.ContentType, saved.Size));
        Assert.Equal(saved, await files.FindAsync(saved.Id, CancellationToken.None));
        await using (var content = await files.OpenAsync(saved.Id, CancellationToken.None))
        {
            Assert.Equal("id,name\n", await new StreamReader(content).ReadToEndAsync());
        }

        await using (var elsewhere = app.Worker.Services.CreateAsyncScope())
        {
            elsewhere.ServiceProvider.GetRequiredService<StoreScope>().Set(Guid.Parse("01930000-0000-7000-8000-000000000002"));
            var others = elsewhere.ServiceProvider.GetRequiredService<IFiles>();
            Assert.Null(await others.FindAsync(saved.Id, CancellationToken.None));
            await Assert.ThrowsAsync<FileNotFoundException>(() => others.OpenAsync(saved.Id, CancellationToken.None));
            await others.DeleteAsync(saved.Id, CancellationToken.None);
        }

        var empty = await files.SaveAsync("none.ndjson", FilePurposes.ProductExport, Stream.Null, CancellationToken.None);
        Assert.Equal(("application/x-ndjson", 0L), (empty.ContentType, empty.Size));
        Assert.NotNull(await files.FindAsync(saved.Id, CancellationToken.None));
        await files.DeleteAsync(saved.Id, CancellationToken.None);
        await files.DeleteAsync(saved.Id, CancellationToken.None);
        Assert.Null(await files.FindAsync(saved.Id, CancellationToken.None));
        await Assert.ThrowsAsync<FileNotFoundException>(() => files.OpenAsync(saved.Id, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(() => files.SaveAsync(
            "x.png", FilePurposes.ProductImage, new MemoryStream("<svg/>"u8.ToArray()), CancellationToken.None));
    }

    [Fact]
    public async Task What_never_came_is_cleaned_up_after_a_day_with_what_lies_around()
    {
        using var staff = await app.SignInStaffAsync();
        var (old, _) = await FilesApp.AnnounceAsync(staff, "document", "old.txt", 5);
        var (young, _) = await FilesApp.AnnounceAsync(staff, "document", "young.txt", 5);
        var (ready, url) = await FilesApp.AnnounceAsync(staff, "document", "ready.txt", 5);
        await ReadAsync(await PutAsync(url, "hello"u8.ToArray(), "text/plain"), HttpStatusCode.OK);
        // A crash in the middle of an upload leaves a key in the row and part of a file.
        var key = $"{DefaultStore:n}/aa/{new string('a', 32)}";
        var part = Path.Combine(app.Folder, "stores", key) + ".part";
        Directory.CreateDirectory(Path.GetDirectoryName(part)!);
        await File.WriteAllTextAsync(part, "hel");
        Assert.True(PublicId.TryParse(PublicId.File, old, out var oldId));
        Assert.True(PublicId.TryParse(PublicId.File, ready, out var readyId));
        await app.Database.ExecuteAsync($"update files.files set storage_key = '{key}' where id = '{oldId}'");
        await app.Database.ExecuteAsync($"update files.files set created_at = now() - interval '25 hours' where id in ('{oldId}', '{readyId}')");

        var task = app.Worker.Services.GetServices<ICleanupTask>().Single(t => t.Name == "unfinished-uploads");
        Assert.True(await task.RemoveAsync(DateTimeOffset.UtcNow - task.DefaultRetention, 100, CancellationToken.None) > 0);
        Assert.Equal(0, await task.RemoveAsync(DateTimeOffset.UtcNow - task.DefaultRetention, 100, CancellationToken.None));
        await ProblemAsync(await staff.GetAsync($"/api/v1/files/{old}"), HttpStatusCode.NotFound, "file_not_found");
        Assert.False(File.Exists(part));
        await ReadAsync(await staff.GetAsync($"/api/v1/files/{young}"), HttpStatusCode.OK);
        Assert.Equal("hello", await staff.GetStringAsync($"/api/v1/files/{ready}/content"));
    }

    private async Task<HttpResponseMessage> PutAsync(string url, byte[] content, string type)
    {
        var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue(type);
        // What is refused by its length is refused before it is sent: a server that hangs up on a sender in mid-body would break this one's pipe.
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = body, Headers = { ExpectContinue = true } };
        return await app.Http.SendAsync(request);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        var problem = await ReadAsync(answer, status);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        return problem;
    }

    /// <summary>Text without an end, up to 100 MB.</summary>
    private sealed class EndlessText(Action read) : MemoryStream
    {
        private long _left = 100_000_000;

        public override int Read(Span<byte> buffer)
        {
            read();
            var length = (int)Math.Min(buffer.Length, _left);
            _left -= length;
            buffer[..length].Fill((byte)'a');
            return length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Task.FromResult(Read(buffer.AsSpan(offset, count)));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override bool CanSeek => false;
    }
}
