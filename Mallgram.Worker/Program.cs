using Mallgram.Worker;
using Mallgram.Worker.Verbs;

var app = WorkerApp.Build(args);
switch (args)
{
    case ["migrate", ..]:
        return await MigrateVerb.RunAsync(app.Services);
    case ["job", "run", var name, ..]:
        return await JobVerb.RunAsync(app.Services, name);
    default:
        await app.RunAsync();
        return 0;
}
