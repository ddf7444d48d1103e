using Mallgram.Sandbox;

try
{
    await using var app = SandboxApp.Build(args);
    await app.RunAsync();
    return 0;
}
catch (SandboxStartException e)
{
    await Console.Error.WriteLineAsync("Sandbox: " + e.Message);
    return 1;
}
