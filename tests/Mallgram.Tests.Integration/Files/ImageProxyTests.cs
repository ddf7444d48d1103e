using System.Net;
using System.Text.Json;
using Mallgram.Files.Contracts;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Files;

/// <summary>Pictures of suppliers as browsers get them, from servers that behave and from servers that do not.</summary>
public sealed class ImageProxyTests(FilesApp app) : IClassFixture<FilesApp>
{
    private IImageAddresses Addresses => app.Api.Services.GetRequiredService<IImageAddresses>();

    [Fact]
    public async Task A_picture_is_fetched_once_and_kept_forever()
    {
        using var first = await GetAsync("/once.png", 640);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        // The host said text/html: the content decides.
        Assert.StartsWith("image/", first.Content.Headers.ContentType!.MediaType, StringComparison.Ordinal);
        Assert.True(first.Headers.CacheControl is { Public: true, MaxAge.TotalDays: 365, Extensions.Count: 1 }, first.Headers.CacheControl!.ToString());
        Assert.Equal("nosniff", Assert.Single(first.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains("Save-Data", first.Headers.Vary);
        using var second = await GetAsync("/once.png", 600);
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(1, app.Pictures.CountOf("/once.png"));

        using var known = new HttpRequestMessage(HttpMethod.Get, AddressOf("/once.png") + "?w=640") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var answer = await app.Http.SendAsync(known);
        Assert.Equal((HttpStatusCode.NotModified, first.Headers.ETag), (answer.StatusCode, answer.Headers.ETag));
    }

    [Fact]
    public async Task However_many_ask_at_once_the_supplier_is_asked_once()
    {
        var go = new TaskCompletionSource();
        On("/flight.png", async context =>
        {
            await go.Task;
            await SendAsync(context, Pictures.Png);
        });
        var asked = Enumerable.Range(0, 30).Select(_ => GetAsync("/flight.png", 320)).ToArray();
        await Eventually.HoldsAsync("the request", () => Task.FromResult(app.Pictures.CountOf("/flight.png") == 1));
        go.SetResult();
        Assert.All(await Task.WhenAll(asked), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Equal(1, app.Pictures.CountOf("/flight.png"));
    }

    [Fact]
    public async Task Save_Data_gets_the_smallest_whatever_was_asked_for()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, AddressOf("/cdn/save.png") + "?w=1024") { Headers = { { "Save-Data", "on" } } };
        using var answer = await app.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("Save-Data", answer.Headers.Vary);
        Assert.Equal(1, app.Pictures.CountOf("/cdn/save.png_220x220q75.png_.webp"));
        using var plain = await GetAsync("/cdn/save.png", 1024);
        Assert.Equal(1, app.Pictures.CountOf("/cdn/save.png_960x960q75.png_.webp"));
        Assert.NotEqual(answer.Headers.ETag, plain.Headers.ETag);
    }

    [Fact]
    public async Task Where_the_supplier_has_no_smaller_copy_the_picture_itself_is_taken()
    {
        On("/cdn/only-plain.png_350x350q75.png_.webp", Missing);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/cdn/only-plain.png", 320)).StatusCode);
        Assert.Equal((1, 0), (app.Pictures.CountOf("/cdn/only-plain.png_350x350.png"), app.Pictures.CountOf("/cdn/only-plain.png")));

        On("/cdn/none.png_350x350q75.png_.webp", Missing);
        On("/cdn/none.png_350x350.png", context => SendAsync(context, "<html>"u8.ToArray()));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/cdn/none.png", 320)).StatusCode);
        Assert.Equal(1, app.Pictures.CountOf("/cdn/none.png"));
    }

    [Fact]
    public async Task Where_the_supplier_makes_none_pictures_are_resized_here()
    {
        var resizer = app.Api.Services.GetRequiredService<Mallgram.Files.Images.ImageResizer>();
        Assert.True(resizer.IsAvailable, "Node.js with npm's sharp is not here: npm ci in modules/Mallgram.Files/Images/resizer.");
        On("/large.png", context => SendAsync(context, Pictures.Draw(1200, 900)));
        foreach (var (asked, width) in new[] { (100, 160), (320, 320), (5000, 1024) })
        {
            using var answer = await GetAsync("/large.png", asked);
            Assert.Equal("image/webp", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal(width, Pictures.WidthOfWebP(await answer.Content.ReadAsByteArrayAsync()));
        }

        // Never made larger than it is, and what only begins like a picture is none.
        Assert.Equal(400, Pictures.WidthOfWebP(await (await GetAsync("/small.png", 1024)).Content.ReadAsByteArrayAsync()));
        On("/broken.png", context => SendAsync(context, [.. Pictures.Png[..60]]));
        await UnavailableAsync(await GetAsync("/broken.png", 320));
    }

    [Theory]
    [InlineData("/missing.png")]
    [InlineData("/page.png")]
    [InlineData("/drawing.png")]
    [InlineData("/empty.png")]
    [InlineData("/huge.png")]
    [InlineData("/huge-chunked.png")]
    [InlineData("/slow.png")]
    [InlineData("/hang-up.png")]
    [InlineData("/loop.png")]
    public async Task What_cannot_be_had_is_said_and_not_tried_again_for_a_minute(string path)
    {
        On("/missing.png", Missing);
        On("/page.png", context => SendAsync(context, "<!DOCTYPE html><title>Blocked</title>"u8.ToArray(), "image/png"));
        On("/drawing.png", context => SendAsync(context, "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"u8.ToArray(), "image/svg+xml"));
        On("/empty.png", context => SendAsync(context, []));
        On("/huge.png", context => SendAsync(context, [.. Pictures.Png, .. new byte[400_000]]));
        On("/huge-chunked.png", async context =>
        {
            await context.Response.Body.WriteAsync(Pictures.Png);
            for (var i = 0; i < 100; i++)
            {
                await context.Response.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
            }
        });
        On("/slow.png", context => Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted).ContinueWith(_ => Task.CompletedTask, TaskScheduler.Default));
        On("/hang-up.png", async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.Body.WriteAsync(Pictures.Png.AsMemory(0, 50));
            context.Abort();
        });
        On("/loop.png", context =>
        {
            context.Response.Redirect("/loop.png");
            return Task.CompletedTask;
        });

        await UnavailableAsync(await GetAsync(path, 320));
        var tries = app.Pictures.CountOf(path);
        await UnavailableAsync(await GetAsync(path, 320));
        Assert.Equal((path == "/loop.png" ? 4 : 1, tries), (tries, app.Pictures.CountOf(path)));
    }

    [Fact]
    public async Task Nothing_that_is_not_public_is_reached_by_any_way()
    {
        var forbidden = app.Forbidden.Address;
        var port = new Uri(forbidden).Port;
        On("/redirect.png", context =>
        {
            context.Response.Redirect(forbidden + "/secret.png");
            return Task.CompletedTask;
        });
        foreach (var source in new[]
        {
            forbidden + "/secret.png",
            $"http://localhost:{port}/secret.png",
            $"http://[::ffff:127.0.0.1]:{port}/secret.png",
            $"http://2130706433:{port}/secret.png",
            $"http://{app.Pictures.Authority}@127.0.0.1:{port}/secret.png",
            "http://169.254.169.254/latest/meta-data/",
            "http://not an address/",
            app.Pictures.Address + "/redirect.png",
        })
        {
            await UnavailableAsync(await app.Http.GetAsync(Addresses.Of(source) + "?w=320"));
        }

        Assert.Empty(app.Forbidden.Requests);
    }

    [Fact]
    public async Task Only_what_was_signed_is_fetched()
    {
        var address = AddressOf("/signed.png");
        var parts = address.Split('/');
        var other = AddressOf("/other.png").Split('/');
        foreach (var forged in new[]
        {
            $"{string.Join('/', parts[..^2])}/{other[^2]}/{parts[^1]}",
            address + "A",
            $"{string.Join('/', parts[..^2])}/AAAAAAAAAAAAAAAAAAAAAA/{parts[^1]}",
            $"{string.Join('/', parts[..^2])}/x/y",
            $"{string.Join('/', parts[..^2])}/%00/%FF",
        })
        {
            Assert.Contains((await app.Http.GetAsync(forged)).StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
        }

        Assert.Equal(0, app.Pictures.CountOf("/signed.png"));
        Assert.Equal(HttpStatusCode.NotFound, (await app.Http.GetAsync(Addresses.Of("file:fil_01h455vb4pex5vsknk084sn02q"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await app.Http.GetAsync(Addresses.Of("file:fil_nonsense"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await app.Http.GetAsync(address + "?w=abc")).StatusCode);
    }

    [Fact]
    public async Task A_document_is_no_public_picture_even_when_it_is_one()
    {
        using var staff = await app.SignInStaffAsync();
        var (id, url) = await FilesApp.AnnounceAsync(staff, "document", "invoice.png", Pictures.Png.Length);
        using (var body = new ByteArrayContent(Pictures.Png))
        {
            Assert.Equal(HttpStatusCode.OK, (await app.Http.PutAsync(url, body)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await app.Http.GetAsync(Addresses.Of("file:" + id))).StatusCode);
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private static async Task SendAsync(HttpContext context, byte[] content, string type = "application/octet-stream")
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content);
    }

    private static async Task UnavailableAsync(HttpResponseMessage answer)
    {
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.BadGateway, "image_unavailable"), (answer.StatusCode, problem.GetProperty("code").GetString()));
        Assert.Equal(TimeSpan.FromMinutes(1), answer.Headers.CacheControl!.MaxAge);
        Assert.Null(answer.Headers.ETag);
    }

    private string AddressOf(string path) => Addresses.Of(app.Pictures.Address + path)!;

    private Task<HttpResponseMessage> GetAsync(string path, int width) => app.Http.GetAsync($"{AddressOf(path)}?w={width}");

    /// <summary>Tests of this class run one after the other, each with paths of its own.</summary>
    private void On(string path, Func<HttpContext, Task> answer)
    {
        var others = app.Pictures.Answer;
        app.Pictures.Answer = context => context.Request.Path == path ? answer(context) : others(context);
    }
}
