await Mallgram.Api.ApiApp.Build(args).RunAsync();
