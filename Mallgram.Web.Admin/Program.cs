using Mallgram.ServiceDefaults;
using Mallgram.Web.Admin;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Components;
using Mallgram.Web.Admin.Downloads;
using Mallgram.Web.Admin.Language;
using Mallgram.Web.Admin.Live;
using Mallgram.Web.Admin.Security;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddForwardedAddresses();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = 256 * 1024;
});
builder.AddAdminSettings();
builder.AddKeyRing();
builder.AddSessions();
builder.AddApiClient();
builder.Services.AddLanguages();
builder.Services.AddRazorComponents();
builder.Services.AddSingleton<AssetUrls>();
// Files only: compressing pages that hold antiforgery tokens would let their length betray them.
builder.Services.AddResponseCompression(o => (o.EnableForHttps, o.MimeTypes) = (true, ["text/css", "text/javascript", "image/svg+xml"]));

var app = builder.Build();
_ = app.Services.GetRequiredService<AssetUrls>();
app.UseForwardedAddresses();
app.UseSecurityHeaders();
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    ExceptionHandlingPath = "/error",
    CreateScopeForErrors = true,
    // The API's own answers, and its absence, are told to the reader and logged by the client; they are no faults of this app.
    SuppressDiagnosticsCallback = failure => failure.Exception is ApiProblemException or ApiUnavailableException,
});
app.UsePictures();
app.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true);
app.Use((context, next) =>
{
    if (context.Features.Get<IStatusCodeReExecuteFeature>() is not null)
    {
        // A page that tells of a failed post is no post itself, which would be refused for want of a form.
        context.Request.Method = HttpMethods.Get;
    }

    return next(context);
});
app.UseResponseCompression();
app.UseStaticFiles(AssetUrls.Serving);
app.UseRequestLocalization();
app.UseAuthentication();
app.UseSessionEnd();
app.UseAuthorization();
app.UseAntiforgery();
app.UseAccess();
app.MapDefaultEndpoints();
app.MapLanguageSwitch();
app.MapSignOut();
app.MapStoreSwitch();
app.MapImpersonationEnd();
app.MapSyncLive();
app.MapProductFiles();
app.MapPlatformActions();
app.MapPersonalExports();
app.MapRazorComponents<App>();

await app.RunAsync();

/// <summary>Entry point; public so that tests can host it.</summary>
public partial class Program;
